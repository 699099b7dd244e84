import 'reflect-metadata';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command, writePair } from '../../src/commands/enroll.ts';
import { createFile } from '../../src/store/durable-file.ts';
import { createRecordingContext } from '../fakes/command-context.ts';
import { onFullDisk } from '../fakes/full-disk.ts';

const run = promisify(execFile);

describe('enroll', () => {
  let directory: string;
  let config: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'enroll-'));
    config = join(directory, 'gateway.yaml');
    await writeFile(
      config,
      [
        'station: { id: station-7, name: A }',
        'aws:',
        '  endpoint: localhost',
        `  certificate: ${directory}/device.pem`,
        `  privateKey: ${directory}/keys/device.key`,
        `outbox: { directory: ${directory}/state }`,
      ].join('\n'),
    );
  });
  afterEach(() => rm(directory, { recursive: true }));

  const enroll = async (force?: boolean) => {
    const context = createRecordingContext();
    const status = await command({ operands: [], config, force }, context);
    return { status, ...(await context.written()) };
  };
  const keyFile = () => join(directory, 'keys/device.key');
  const requestFile = () => join(directory, 'keys/device.csr');

  it('makes a key that only its owner can read and a request in the name of the station', async () => {
    const { status, out } = await enroll();

    expect(status).toBe(0);
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    const args = ['req', '-in', requestFile(), '-noout', '-verify', '-subject', '-nameopt', 'multiline'];
    const { stdout, stderr } = await run('openssl', args);
    expect(stdout).toMatch(/commonName += station-7/);
    expect(stderr).toContain('verify OK');
    const key = await run('openssl', ['pkey', '-in', keyFile(), '-pubout']);
    const request = await run('openssl', ['req', '-in', requestFile(), '-noout', '-pubkey']);
    expect(request.stdout).toBe(key.stdout);
    expect(out).toContain(`private key      ${keyFile()}\nsigning request  ${requestFile()}\n`);
    const pem = await readFile(requestFile(), 'utf8');
    const { rawData } = new Pkcs10CertificateRequest(pem).publicKey;
    const shown = `SHA-256 of its public key:\n${createHash('sha256').update(Buffer.from(rawData)).digest('hex')}\n`;
    expect(out).toContain(shown);
    expect((await enroll()).out).toBe(shown);
    expect(out).toContain(`and bring station-7.pem to ${directory}/device.pem.`);
    expect(out).toContain('aws iot create-thing --thing-name station-7');
    expect(out).toContain('aws iot create-policy --policy-name weather-gateway');
    expect(out).toContain('aws iot attach-policy --policy-name weather-gateway');
    expect(out).toContain('aws iot attach-thing-principal --thing-name station-7');
  });

  it('shows the key to nobody', async () => {
    const { out, err } = await enroll();

    expect(out + err).not.toContain('PRIVATE KEY');
    expect(await readFile(requestFile(), 'utf8')).not.toContain('PRIVATE KEY');
  });

  it('leaves no key behind whose request cannot be written', async () => {
    await mkdir(requestFile(), { recursive: true });
    await expect(enroll()).rejects.toThrow('EISDIR');

    expect(await readdir(join(directory, 'keys'))).toEqual(['device.csr']);
    await rm(requestFile(), { recursive: true });
    expect((await enroll()).status).toBe(0);
  });

  it('leaves nothing behind on a full disk', async () => {
    await expect(onFullDisk(() => enroll())).rejects.toThrow('EFBIG');

    expect(await readdir(join(directory, 'keys'))).toEqual([]);
    expect((await enroll()).status).toBe(0);
  });

  const isRequestOfKey = async () => {
    const key = await run('openssl', ['pkey', '-in', keyFile(), '-pubout']);
    const request = await run('openssl', ['req', '-in', requestFile(), '-noout', '-verify', '-pubkey']);
    return request.stdout === key.stdout;
  };

  it('leaves one key and its request where several run at once', async () => {
    const ends = await Promise.all(Array.from({ length: 5 }, () => enroll()));

    expect(ends.map(({ status }) => status)).toContain(0);
    expect(await isRequestOfKey()).toBe(true);
    expect((await readdir(join(directory, 'keys'))).sort()).toEqual(['device.csr', 'device.key']);
  });

  it('ends what a power cut left between the key and its request', async () => {
    await enroll();
    const before = await readFile(keyFile(), 'utf8');
    await rm(requestFile());

    const { status, out } = await enroll();

    expect(status).toBe(0);
    expect(out).toContain(`private key      ${keyFile()}\nsigning request  ${requestFile()}\n`);
    expect(await readFile(keyFile(), 'utf8')).toBe(before);
    expect(await isRequestOfKey()).toBe(true);
  });

  it('never leaves the request of an older key beside a new one, wherever it is cut off', async () => {
    await enroll();
    await rm(keyFile());
    const cutOff = () => Promise.reject(new Error('the power is cut'));
    const place = { key: keyFile(), request: requestFile(), certificate: join(directory, 'device.pem') };

    await expect(writePair(place, 'station-7', cutOff)).rejects.toThrow('cut');
    await expect(stat(requestFile())).rejects.toThrow('ENOENT');
    let written = 0;
    const cutAfterKey: typeof createFile = (path, text, rights) => {
      written += 1;
      return written === 1 ? createFile(path, text, rights) : cutOff();
    };
    await expect(writePair(place, 'station-7', cutAfterKey)).rejects.toThrow('cut');
    expect(await readdir(join(directory, 'keys'))).toEqual(['device.key']);

    expect((await enroll()).status).toBe(0);
    expect(await isRequestOfKey()).toBe(true);
  });

  it('leaves alone a key from elsewhere', async () => {
    await mkdir(join(directory, 'keys'), { recursive: true });
    const { stdout: rsa } = await run('openssl', ['genrsa', '2048']);
    for (const text of ['no key', rsa]) {
      await writeFile(keyFile(), text);
      const { status, err } = await enroll();

      expect(status).toBe(1);
      expect(err).toMatch(/device\.key is there already; --force makes a new key/);
      expect(await readdir(join(directory, 'keys'))).toEqual(['device.key']);
    }
  });

  it('leaves alone a link that leads nowhere', async () => {
    await mkdir(join(directory, 'keys'), { recursive: true });
    await symlink(join(directory, 'unmounted/device.key'), keyFile());
    const { status, err } = await enroll();

    expect(status).toBe(1);
    expect(err).toMatch(/device\.key is there already/);
    expect(await readdir(join(directory, 'keys'))).toEqual(['device.key']);
  });

  it('leaves alone a key whose certificate is there', async () => {
    await enroll();
    await rm(requestFile());
    await writeFile(join(directory, 'device.pem'), 'signed');

    expect((await enroll()).status).toBe(1);
    expect(await readdir(join(directory, 'keys'))).toEqual(['device.key']);
  });

  it('keeps a key that is there already', async () => {
    await enroll();
    const before = await readFile(keyFile(), 'utf8');

    const { status, err } = await enroll();

    expect(status).toBe(1);
    expect(err).toBe(`enroll: ${keyFile()} is there already; --force makes a new key and keeps this one\n`);
    expect(await readFile(keyFile(), 'utf8')).toBe(before);
  });

  it('with --force makes a new pair beside, where the daemon finds it', async () => {
    await enroll();
    const before = await readFile(keyFile(), 'utf8');

    const { status, out } = await enroll(true);

    expect(status).toBe(0);
    expect(await readFile(keyFile(), 'utf8')).toBe(before);
    const folder = join(directory, 'state/credentials');
    const names = await readdir(folder);
    const [request = '', key = ''] = names.sort();
    expect(names).toEqual([expect.stringMatching(/^\d{8}T\d{6}Z\.csr$/), expect.stringMatching(/Z\.key$/)]);
    expect((await stat(join(folder, key))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, key), 'utf8')).not.toBe(before);
    expect(out).toContain(`bring station-7.pem to ${join(folder, request.replace('.csr', '.pem'))}.`);
    expect(out).not.toContain('create-thing');
    expect(out).toContain('attach-policy');
  });

  it('makes nothing out of a bad configuration', async () => {
    await writeFile(config, 'station: 1\n');

    const { status, err } = await enroll();

    expect(status).toBe(78);
    expect(err).toContain(`${config}:1:10: station: found 1; allowed: a mapping`);
    await expect(stat(keyFile())).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
