import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCertificateAuthority, type Identity } from '../../src/certificate/certificate-authority.ts';
import { DeviceCredentials } from '../../src/certificate/device-credentials.ts';
import { renewalsIn } from '../../src/certificate/key-pairs.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';

const authority = await createCertificateAuthority('Test CA');
const old = await authority.issueClient('1');
const renewed = await authority.issueClient('1');
const HOUR_MS = 3_600_000;

describe('the credentials of a device', () => {
  let folder: string;
  let renewals: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'credentials-'));
    renewals = renewalsIn(folder);
    await mkdir(renewals);
    await configure(old);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const configure = async ({ certificate, privateKey }: Partial<Identity>): Promise<void> => {
    if (certificate !== undefined) await writeFile(join(folder, 'device.pem'), certificate);
    if (privateKey !== undefined) await writeFile(join(folder, 'device.key'), privateKey);
  };
  const renew = async ({ certificate, privateKey }: Partial<Identity>): Promise<void> => {
    if (privateKey !== undefined) await writeFile(join(renewals, 'new.key'), privateKey);
    if (certificate !== undefined) await writeFile(join(renewals, 'new.pem'), certificate);
  };
  const open = () => {
    const clock = createManualClock();
    const log = createRecordingLog();
    const files = {
      certificate: join(folder, 'device.pem'),
      privateKey: join(folder, 'device.key'),
      renewals,
    };
    return { clock, log, credentials: new DeviceCredentials({ files, clock, log }) };
  };
  const chosen = async (credentials: DeviceCredentials): Promise<Identity | null> => {
    const { pair } = await credentials.choose();
    return pair === null ? null : { certificate: pair.certificate, privateKey: pair.privateKey };
  };
  const work = async (credentials: DeviceCredentials): Promise<void> => {
    const { pair } = await credentials.choose();
    if (pair === null) throw new Error('no pair');
    await credentials.noteWorked(pair);
  };
  const refuse = async (credentials: DeviceCredentials): Promise<void> => {
    const { pair } = await credentials.choose();
    if (pair === null) throw new Error('no pair');
    credentials.noteRefused(pair, 'not authorized');
  };

  it.each(['device.key', 'device.pem'])('say that %s is a pipe, and do not wait for it', async (name) => {
    const file = join(folder, name);
    await rm(file);
    await promisify(execFile)('mkfifo', [file]);
    const { credentials } = open();

    const chosen = await Promise.race([credentials.choose(), delay(5_000)]);
    // Whoever waits for the pipe holds the process.
    if (chosen === undefined) await writeFile(file, '');
    expect(JSON.stringify(chosen ?? null)).toContain(`${name} cannot be used: it is a named pipe`);
  });

  it('are the configured pair, which is kept once it has worked', async () => {
    const { credentials } = open();
    expect(await chosen(credentials)).toEqual(old);
    expect((await credentials.choose()).isTrial).toBe(false);

    await work(credentials);

    const kept = join(renewals, 'working.json');
    expect(JSON.parse(await readFile(kept, 'utf8'))).toMatchObject(old);
    expect((await stat(kept)).mode & 0o777).toBe(0o600);
  });

  it('never put a certificate with the key of another, name the mismatch and use the pair that worked', async () => {
    const { credentials, log } = open();
    await work(credentials);
    await configure({ certificate: renewed.certificate });

    expect(await chosen(credentials)).toEqual(old);
    const problem = `the certificate ${folder}/device.pem was issued for another key than ${folder}/device.key`;
    expect(credentials.problem()).toBe(problem);
    await credentials.choose();
    expect(log.lines('warn')).toEqual([{ problem, message: 'key and certificate' }]);
  });

  it('are nothing at all, with the reason, when no pair ever matched', async () => {
    await configure({ certificate: renewed.certificate });
    const { pair, problems } = await open().credentials.choose();

    expect(pair).toBeNull();
    expect(problems).toEqual([expect.stringContaining('was issued for another key')]);
  });

  it('take a renewed certificate in the configured place with a key made beside', async () => {
    const { credentials } = open();
    await work(credentials);
    await renew({ privateKey: renewed.privateKey });
    await configure({ certificate: renewed.certificate });

    expect(await chosen(credentials)).toEqual(renewed);
    expect(credentials.problem()).toBeNull();
  });

  it('try a new pair, and keep the old one until the new one has worked', async () => {
    const { credentials } = open();
    await work(credentials);
    await renew(renewed);

    expect(await credentials.choose()).toMatchObject({ isTrial: true });
    expect(await chosen(open().credentials)).toEqual(renewed);
    expect(JSON.parse(await readFile(join(renewals, 'working.json'), 'utf8'))).toMatchObject(old);

    await work(credentials);
    expect(JSON.parse(await readFile(join(renewals, 'working.json'), 'utf8'))).toMatchObject(renewed);
    expect(await credentials.choose()).toMatchObject({ isTrial: false });
    expect(await chosen(open().credentials)).toEqual(renewed);
  });

  it('go back to the pair that worked, and try the new one every hour', async () => {
    const { credentials, clock } = open();
    await work(credentials);
    await renew(renewed);
    await refuse(credentials);

    expect(await chosen(credentials)).toEqual(old);
    await work(credentials);
    await clock.advance(HOUR_MS - 1);
    expect(await chosen(credentials)).toEqual(old);
    await clock.advance(1);
    expect(await chosen(credentials)).toEqual(renewed);
  });

  it('survive the loss of the configured files', async () => {
    const { credentials } = open();
    await work(credentials);
    await rm(join(folder, 'device.key'));
    await rm(join(folder, 'device.pem'));

    expect(await chosen(open().credentials)).toEqual(old);
  });

  it('pass over a kept pair that is damaged', async () => {
    await writeFile(join(renewals, 'working.json'), '{"certificate":');
    expect(await chosen(open().credentials)).toEqual(old);
  });

  it('come back to a pair that was refused when all were', async () => {
    const { credentials, clock } = open();
    await work(credentials);
    await renew(renewed);
    await refuse(credentials);
    await clock.advance(1_000);
    await refuse(credentials);
    await clock.advance(1_000);

    expect(await chosen(credentials)).toEqual(renewed);
    await refuse(credentials);
    expect(await chosen(credentials)).toEqual(old);
  });
});
