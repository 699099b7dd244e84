// A machine in which the release is installed beside a broker over mutual TLS.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import { z } from 'zod';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import { burstOf, typicalCoefficients } from '../../src/instruments/bme280/simulated-chip.ts';
import { coefficientBlocks, workedExample } from '../fakes/bme280.ts';
import { runMachine } from './machine.ts';

const DAY_MS = 86_400_000;
/** Other suites run beside the machine and go first. */
const MACHINE_LIMIT_SECONDS = 3_300;
/** For `beforeAll`: the machine, and what comes before it. */
export const HOST_LIMIT_MS = 3_400_000;

const reading = z.object({
  epoch: z.string(),
  seq: z.number(),
  datetime: z.string(),
  rainheight: z.number().nullable(),
  timequality: z.string(),
  previousepoch: z.string().optional(),
  previousseq: z.number().optional(),
});
const backlog = z.object({ readings: z.array(reading) });
type Reading = z.output<typeof reading>;

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
  const server = await authority.issueServer({ dns: ['localhost'], ip: ['127.0.0.1'] }, validity);
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

export type ServiceRun = {
  /** What was printed. */
  readonly output: string;
  /** `ok`, or what went wrong, by the name of the check. */
  readonly checks: ReadonlyMap<string, string>;
  /** As they arrived, repetitions included. */
  readonly readings: readonly Reading[];
  /** Times that the rain gauge was tipped. */
  readonly tips: number;
};

/** Runs a script of `test/vm/guest` that sources `station.sh` there; `rootDisk` as for a machine. */
export const runService = async (script: string, rootDisk?: string): Promise<ServiceRun> => {
  const folder = await mkdtemp(join(tmpdir(), 'weather-gateway-service-'));
  try {
    await writeBrokerFiles(folder);
    const quoted = registers().map((line) => `'${line}'`);
    const { output } = await runMachine({
      script: `FOLDER=${folder} NODE=${rootDisk ? '/usr/bin/node' : '/run/disk/node'} REGISTERS=(${quoted.join(' ')})
. test/vm/guest/${script}`,
      rootDisk,
      isSystemd: true,
      isTimeVirtual: true,
      disks: [inject('releaseDisk')],
      limitSeconds: MACHINE_LIMIT_SECONDS,
    });
    return resultsIn(output);
  } finally {
    await rm(folder, { recursive: true });
  }
};

export const resultsIn = (output: string): ServiceRun => ({
  output,
  checks: new Map(
    [...output.matchAll(/CHECK (\S+) (.*)/g)].map(([, name = '', rest = '']) => [name, rest.trim()]),
  ),
  readings: [...output.matchAll(/^MESSAGE \S+\/(reading|backlog) (.*)$/gm)].flatMap(([, kind, text = '']) => {
    const payload: unknown = JSON.parse(text);
    return kind === 'reading' ? [reading.parse(payload)] : backlog.parse(payload).readings;
  }),
  tips: Number(/TIPS (\d+)/.exec(output)?.[1]),
});
