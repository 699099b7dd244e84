// What a station in an emulated machine finds: a broker over mutual TLS, and chips that read well.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import { burstOf, typicalCoefficients } from '../../src/instruments/bme280/simulated.ts';
import { coefficientBlocks, workedExample } from '../fakes/bme280.ts';

const DAY_MS = 86_400_000;

/**
 * Certificates that hold through a year's step of the clock, and the broker that asks for them; `seen` is where the machine
 * has the folder.
 */
export const writeBrokerFiles = async (folder: string, seen = folder): Promise<void> => {
  const validity = {
    notBefore: new Date(Date.now() - 800 * DAY_MS),
    notAfter: new Date(Date.now() + 800 * DAY_MS),
  };
  const authority = await createCertificateAuthority('VM');
  const dns = ['localhost', 'test-ats.iot.eu-west-1.amazonaws.com', 'reports.s3.eu-west-1.amazonaws.com'];
  const server = await authority.issueServer({ dns, ip: ['127.0.0.1'] }, validity);
  const device = await authority.issueClient('vm', validity);
  const reader = await authority.issueClient('reader', validity);
  const configuration = [
    'user root',
    'pid_file /run/mosquitto.pid',
    'allow_anonymous true',
    'max_queued_messages 0',
    // What the reader is owed outlives a restart of the broker.
    'persistence true',
    'persistence_location /run/mosquitto/',
    'listener 8883 127.0.0.1',
    `cafile ${seen}/ca.pem`,
    `certfile ${seen}/server.pem`,
    `keyfile ${seen}/server.key`,
    'require_certificate true',
  ];
  const files = {
    'ca.pem': authority.certificate,
    'server.pem': server.certificate,
    'server.key': server.privateKey,
    'device.pem': device.certificate,
    'device.key': device.privateKey,
    'reader.pem': reader.certificate,
    'reader.key': reader.privateKey,
    'mosquitto.conf': `${configuration.join('\n')}\n`,
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
};

const bytes = (values: Uint8Array): string => [...values].join(' ');

/** What i2cset writes so that the static chips read as the datasheet's worked example, and the vane as east. */
export const registers = (): string[] => {
  const { calib00, calib26 } = coefficientBlocks(typicalCoefficients);
  const burst = burstOf(workedExample);
  return [
    '0x76 0xd0 0x60',
    `0x76 0x88 ${bytes(calib00)} i`,
    `0x76 0xe1 ${bytes(calib26)} i`,
    `0x76 0xf7 ${bytes(burst)} i`,
    // 2400 of the ±4.096 V range, high byte first on the wire.
    '0x48 0x00 0x6009 w',
  ];
};
