import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { gatewayJsonSchema } from '../../src/config/schema.ts';

const shipped = fileURLToPath(new URL('../../config/gateway.yaml', import.meta.url));

describe('loading a configuration', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'config-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const write = async (text: string): Promise<string> => {
    const file = join(directory, 'gateway.yaml');
    await writeFile(file, text);
    return file;
  };
  const withCredentials = (aws: string) =>
    write(`station: { id: "1", name: A }\naws:\n  endpoint: localhost\n${aws}`);

  it('takes the configuration as shipped', async () => {
    const { config, problems } = await loadConfig(shipped);

    expect(problems).toBeUndefined();
    expect(config).toMatchObject({
      station: { id: '1', name: 'UK-Worthing' },
      sensors: { bme280: { address: 0x76 }, anemometer: { gpio: 5 }, rainGauge: { gpio: 6 } },
    });
  });

  it('takes every line that the shipped file offers behind a comment sign', async () => {
    const text = await readFile(shipped, 'utf8');
    const file = await write(text.replaceAll(/^( *)# ( *[A-Za-z]+: )/gm, '$1$2'));

    const { config, problems } = await loadConfig(file);

    expect(problems).toBeUndefined();
    expect(config).toMatchObject({
      station: { elevationMetres: 8 },
      outbox: { dailyWriteWarningMegabytes: 100 },
      sensors: { windVane: { supplyChannel: 1 }, bme280: { calibration: { pressure: { offsetHpa: 0.6 } } } },
    });
  });

  it('finds a credential where systemd put it', async () => {
    const { config } = await loadConfig(shipped, { credentialsDirectory: '/run/credentials/unit' });

    expect(config?.aws.privateKey).toBe('/run/credentials/unit/device.key');
  });

  it('finds a credential beside the file outside the unit', async () => {
    const file = await withCredentials(
      '  certificate: credential:c.pem\n  privateKey: credential:c.key\n  rootCa: credential:ca.pem\n',
    );

    const { config } = await loadConfig(file);

    expect(config?.aws).toMatchObject({
      certificate: join(directory, 'c.pem'),
      privateKey: join(directory, 'c.key'),
      rootCa: join(directory, 'ca.pem'),
    });
  });

  it('says where it expects key and certificates that are not there', async () => {
    await mkdir(join(directory, 'c.key'));
    await writeFile(join(directory, 'ca.pem'), 'nothing of use');
    const file = await withCredentials(
      `  certificate: ${directory}/c.pem\n  privateKey: credential:c.key\n  rootCa: ${directory}/ca.pem\n`,
    );

    const { problems } = await loadConfig(file, { areCredentialsExpected: true });

    expect(problems).toMatchObject([
      {
        line: 4,
        key: 'aws.certificate',
        found: `no such file at ${directory}/c.pem`,
        allowed: 'a PEM file with a CERTIFICATE, issued for the request that enroll makes',
      },
      { line: 5, key: 'aws.privateKey', found: `a directory at ${directory}/c.key` },
      { line: 6, key: 'aws.rootCa', found: `no PEM CERTIFICATE at ${directory}/ca.pem` },
    ]);
  });

  it('is content with key and certificate in place', async () => {
    await writeFile(join(directory, 'c.pem'), '-----BEGIN CERTIFICATE-----\n');
    await writeFile(join(directory, 'c.key'), '-----BEGIN EC PRIVATE KEY-----\n');
    const file = await withCredentials('  certificate: credential:c.pem\n  privateKey: credential:c.key\n');

    const { problems } = await loadConfig(file, { areCredentialsExpected: true });

    expect(problems).toBeUndefined();
  });

  it.each([
    ['a file that is not there', 'nowhere.yaml', 'no such file'],
    ['a directory', '.', 'a directory'],
    ['a file inside a file', 'gateway.yaml/x.yaml', 'no such file'],
  ])('says so of %s', async (_, name, found) => {
    await write('');
    const file = join(directory, name);

    const { problems } = await loadConfig(file);

    expect(problems).toEqual([
      {
        file,
        line: null,
        column: null,
        key: '',
        found,
        allowed: 'a configuration such as config/gateway.yaml (--config FILE names another)',
      },
    ]);
  });
});

describe('config/gateway.schema.json', () => {
  it('is what `npm run schema` would write', async () => {
    const file = new URL('../../config/gateway.schema.json', import.meta.url);

    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(gatewayJsonSchema())));
  });

  it('is named on the first line of the configuration as shipped', async () => {
    const [first] = (await readFile(shipped, 'utf8')).split('\n');

    expect(first).toBe('# yaml-language-server: $schema=./gateway.schema.json');
  });
});
