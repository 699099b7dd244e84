import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import {
  readBoardSerial,
  readProgress,
  resumeProgress,
  saveProgress,
} from '../../src/certificate/claim-folder.ts';
import { command } from '../../src/commands/enroll.ts';
import { createRecordingContext } from '../fakes/command-context.ts';

const SERIAL = '10000000abcdef01';
const authority = await createCertificateAuthority('Test CA');

describe('enroll --claim', () => {
  let directory: string;
  let config: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'claim-'));
    config = join(directory, 'gateway.yaml');
    await writeFile(
      config,
      [
        'station: # who this is',
        '  id: 1x',
        '  name: Card',
        'aws:',
        '  endpoint: localhost',
        `  certificate: ${directory}/device.pem`,
        '  privateKey: credential:device.key',
        `outbox: { directory: ${directory}/state }`,
        '',
      ].join('\n'),
    );
    await chmod(config, 0o640);
  });
  afterEach(() => rm(directory, { recursive: true }));

  const enroll = async () => {
    const context = createRecordingContext();
    const status = await command({ operands: [], config, claim: true }, context);
    return { status, ...(await context.written()) };
  };
  const file = (name: string): string => join(directory, name);

  it('ends in one line where there is no claim, or half of one', async () => {
    expect(await enroll()).toEqual({
      status: 1,
      out: '',
      err: `enroll: there is no claim, no folder ${directory}/claim\n`,
    });
    await mkdir(file('claim'));
    expect((await enroll()).err).toContain('claim.yaml: found no such file; allowed: the endpoint and');
    await writeFile(file('claim/claim.yaml'), 'endpoint: localhost\ntemplate: fleet\nserialNumber: abcd\n');
    expect((await enroll()).err).toBe(`enroll: ${directory}/claim/claim.pem cannot be read (ENOENT)\n`);
    await promisify(execFile)('mkfifo', [file('claim/claim.pem')]);
    expect((await enroll()).err).toBe(
      `enroll: ${directory}/claim/claim.pem cannot be read (it is a named pipe)\n`,
    );
    // It has made its key by then, and goes on with it.
    expect((await readProgress(file('claim/progress.json'), 'abcd'))?.privateKey).toContain('PRIVATE KEY');
  });

  it('ends what a power cut has left: names the station, puts key and certificate in place, removes the claim', async () => {
    await mkdir(file('claim'));
    const progressFile = file('claim/progress.json');
    const progress = await resumeProgress(progressFile, SERIAL);
    const certificate = await authority.signRequest(progress.signingRequest);
    const registration = {
      stationId: '17',
      name: 'Lancing: "Beach" #1',
      endpoint: 'a1.example',
      topicPrefix: 'w/x',
      template: 'fleet',
    };
    await saveProgress(progressFile, { ...progress, issued: { certificate, token: 't' }, registration });

    expect(await enroll()).toEqual({
      status: 0,
      out: 'this card is station 17, Lancing: "Beach" #1; the claim is removed\n',
      err: '',
    });

    const text = await readFile(config, 'utf8');
    expect(text).toContain('# who this is');
    expect(text).toContain('id: "17"');
    expect(text).toContain(`name: 'Lancing: "Beach" #1'`);
    expect(text).toContain('endpoint: a1.example');
    expect(text).toContain('topicPrefix: w/x');
    expect(text).toContain('provisioningTemplate: fleet');
    expect((await stat(config)).mode & 0o777).toBe(0o640);
    expect(await readFile(file('device.key'), 'utf8')).toBe(progress.privateKey);
    expect((await stat(file('device.key'))).mode & 0o777).toBe(0o600);
    expect(await readFile(file('device.pem'), 'utf8')).toBe(certificate);
    expect(existsSync(file('claim'))).toBe(false);
  });
});

describe('the serial number of the board', () => {
  it('is what the firmware wrote, in small letters, and none where that is no number', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'board-'));
    const write = async (text: string): Promise<string> => {
      await writeFile(join(folder, 'serial-number'), text);
      return join(folder, 'serial-number');
    };
    expect(await readBoardSerial([join(folder, 'none'), await write('10000000ABCDEF01\0')])).toBe(
      '10000000abcdef01',
    );
    expect(await readBoardSerial([await write('0000000000000000\0')])).toBeNull();
    expect(await readBoardSerial([await write('a/../b\n')])).toBeNull();
    expect(await readBoardSerial([])).toBeNull();
    await rm(folder, { recursive: true });
  });
});
