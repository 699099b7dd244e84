// A machine in which the release is installed beside a broker over mutual TLS.
import { existsSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, inject } from 'vitest';
import { z } from 'zod';
import { debian13Disk, type MachineOptions, projectRoot, runMachine } from './machine.ts';
import { registers, writeBrokerFiles } from './station-files.ts';

const MM_PER_TIP = 0.2794;
/** Other suites run beside the machine and go first. */
const MACHINE_LIMIT_SECONDS = 4_200;
/** For `beforeAll`: the machine, and what comes before it. */
export const HOST_LIMIT_MS = 4_300_000;

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

export const isDebian13 = existsSync(debian13Disk);

/** A folder with what `station.sh` needs, for one machine or for several in a row. */
export const makeStationFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'weather-gateway-service-'));
  await writeBrokerFiles(folder);
  await build({
    entryPoints: [join(projectRoot, 'test/vm/guest/cloud.ts')],
    outfile: join(folder, 'cloud.cjs'),
    ...{ bundle: true, platform: 'node', target: 'node20', logLevel: 'error' },
  });
  return folder;
};

export type StationMachine = Pick<MachineOptions, 'keptDisk' | 'cutOn'> & {
  /** Of `test/vm/guest`; sources `station.sh` there. */
  readonly script: string;
  readonly folder: string;
  /** Further variables of the script. */
  readonly variables?: string;
  /** As of a machine: many boots are sooner done by the time of the host, with limits that bear a busy one. */
  readonly isTimeVirtual?: boolean;
};

export const runStation = async (station: StationMachine): Promise<ServiceRun> => {
  const { script, folder, variables = '', isTimeVirtual = true, keptDisk, cutOn } = station;
  const quoted = registers().map((line) => `'${line}'`);
  const node = isDebian13 ? '/usr/bin/node' : '/run/disk/node';
  const { output } = await runMachine({
    script: `FOLDER=${folder} NODE=${node} REGISTERS=(${quoted.join(' ')}) ${variables}
. test/vm/guest/${script}`,
    rootDisk: isDebian13 ? debian13Disk : undefined,
    isSystemd: true,
    isTimeVirtual,
    // Two cores that take turns keep systemd from hearing a process for longer than the watchdog waits.
    isSingleCore: isTimeVirtual,
    disks: [inject('releaseDisk')],
    keptDisk,
    ...(cutOn === undefined ? {} : { cutOn }),
    limitSeconds: MACHINE_LIMIT_SECONDS,
  });
  return resultsIn(output);
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
  tips: [...output.matchAll(/TIPS (\d+)/g)].reduce((sum, [, tips]) => sum + Number(tips), 0),
});

/** Every check passed, the last ones included. */
export const expectChecks = ({ checks, output }: ServiceRun, ...lastChecks: readonly string[]): void => {
  const failed = [...checks].filter(([, rest]) => rest !== 'ok');
  const end = output.slice(-4_000);
  expect(failed, `${JSON.stringify(failed)}\n${end}`).toEqual([]);
  for (const name of lastChecks) expect(checks.get(name), end).toBe('ok');
};

const nameOf = (epoch: string, seq: number): string => `${epoch} ${seq}`;

const byName = (readings: readonly Reading[]): Map<string, Reading> =>
  new Map(readings.map((each) => [nameOf(each.epoch, each.seq), each]));

/** No reading is missing between the first and the last, over all starts of the daemon, and none came out of order. */
export const expectNothingLost = (service: ServiceRun): void => {
  const readings = byName(service.readings);
  const epochs = [...new Set(service.readings.map(({ epoch }) => epoch))];
  const newest = epochs.map((epoch) => {
    const seqs = [...readings.values()].filter((each) => each.epoch === epoch).map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    return nameOf(epoch, seqs.length);
  });
  // The first reading of an epoch names the newest one before.
  const named = epochs.slice(1).map((epoch) => {
    const first = readings.get(nameOf(epoch, 1));
    return nameOf(first?.previousepoch ?? '', first?.previousseq ?? 0);
  });
  expect(named).toEqual(newest.slice(0, -1));
};

export const expectEveryTip = ({ readings, tips }: ServiceRun): void => {
  const mm = [...byName(readings).values()].reduce((sum, { rainheight }) => sum + (rainheight ?? 0), 0);
  expect(mm / MM_PER_TIP).toBeCloseTo(tips, 2);
};
