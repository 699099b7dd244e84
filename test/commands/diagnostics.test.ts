import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command } from '../../src/commands/diagnostics.ts';
import { createRecordingContext } from '../fakes/command-context.ts';
import { onFullDisk } from '../fakes/full-disk.ts';

const TOKEN = 'correct-horse-battery-staple';

describe('diagnostics', () => {
  let folder: string;
  let configPath: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'diagnostics-'));
    configPath = join(folder, 'gateway.yaml');
    file = join(folder, 'out.json.gz');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const run = async (operands: readonly string[], httpsProxy?: string) => {
    const context = createRecordingContext({ configPath, proxy: { httpsProxy } });
    const status = await command({ operands }, context);
    return { status, ...(await context.written()) };
  };

  const configure = async (): Promise<void> => {
    const key = join(folder, 'device.key');
    await writeFile(
      key,
      '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\n-----END PRIVATE KEY-----\n',
    );
    await chmod(key, 0o600);
    await writeFile(
      configPath,
      `station: { id: "1", name: MIGHAgEAMBMGByqGSM49AgEGCCqGSM49 }
aws: { endpoint: localhost, port: 1, certificate: ${folder}/device.pem, privateKey: ${key}, proxy: "http://mast:p%40ss-w0rd@127.0.0.1:1" }
outbox: { directory: ${folder} }
http: { token: ${TOKEN} }
sensors: {}
`,
    );
  };

  const reportOf = async () => JSON.parse(gunzipSync(await readFile(file)).toString());

  it('is one file that only its owner reads, with doctor, status, configuration, outbox and machine', async () => {
    await configure();

    const { status, out, err } = await run([file]);

    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^.+out\.json\.gz: \d+ bytes, without key, token and passwords/);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await reportOf()).toMatchObject({
      version: '1.2.3',
      datetime: expect.stringMatching(/^\d{4}-.+Z$/),
      configuration: { station: { id: '1' }, http: { token: '(masked)' } },
      status: { problem: 'not running' },
      outbox: { problem: expect.stringContaining('there is no outbox') },
      doctor: expect.arrayContaining([expect.objectContaining({ name: 'certificate', isPassed: false })]),
      system: { node: process.version },
      journal: expect.any(Array),
      kernel: expect.any(Array),
      disks: expect.any(Array),
      boots: expect.any(Array),
    });
  });

  it('holds no secret, wherever it stands', async () => {
    await configure();

    await run([file], 'http://other:swordfish-99@127.0.0.1:1');
    const text = JSON.stringify(await reportOf());

    for (const secret of [TOKEN, 'p%40ss-w0rd', 'p@ss-w0rd', 'swordfish-99', 'MIGHAgEAMBMGByqGSM49'])
      expect(text).not.toContain(secret);
  });

  it('is written with a bad configuration, whose problems it lists', async () => {
    await writeFile(configPath, 'station: { id: "" }\n');

    expect((await run([file])).status).toBe(0);
    expect(await reportOf()).toMatchObject({
      problems: expect.arrayContaining([expect.stringContaining('station.id')]),
      system: { node: process.version },
    });
  });

  it.each([
    ['no name', () => [], 'diagnostics needs the name of the file to write'],
    ['a folder that is not there', () => [join(folder, 'none/x.gz')], 'ENOENT'],
  ])('with %s gives one line', async (_, operands, message) => {
    const { status, err } = await run(operands());

    expect(status).toBe(1);
    expect(err).toContain(message);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('leaves nothing behind on a full disk', async () => {
    const { status, err } = await onFullDisk(() => run([file]));

    expect({ status, err }).toEqual({
      status: 1,
      err: expect.stringMatching(/^weather-gateway: \S+out\.json\.gz cannot be written: EFBIG.*\n$/),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('does not wait for a key that is a pipe', async () => {
    await configure();
    const key = join(folder, 'device.key');
    await rm(key);
    await promisify(execFile)('mkfifo', [key]);

    const written = run([file]);
    const first = await Promise.race([written, delay(20_000)]);
    // Whoever waits for the pipe holds the process.
    if (first === undefined) await writeFile(key, '');
    await written;
    expect(first).toMatchObject({ status: 0 });
  });

  it('does not overwrite a file', async () => {
    await writeFile(file, 'mine');

    const { status, err } = await run([file]);

    expect({ status, err }).toEqual({ status: 1, err: `weather-gateway: ${file} exists; name a new file\n` });
    expect(await readFile(file, 'utf8')).toBe('mine');
  });
});
