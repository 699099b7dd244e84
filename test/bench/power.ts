import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { debianPackageFor } from '../arm/debian-package.ts';
import { armFolder, runArmMachine } from '../arm/machine.ts';
import { projectRoot, runMachine } from '../vm/machine.ts';
import { registers, writeBrokerFiles } from '../vm/station-files.ts';
import { alone, atMost, type Bench, beside, type Figure } from './figure.ts';

// What the installed service executes, by instructions: in the emulated machines time goes by them, and the kernel there counts
// the time of each control group. Time in which nothing is executed is skipped, so that an hour takes minutes.
const run = promisify(execFile);
const NS_PER_INSTRUCTION = 4;
const MAX_BUFFER = 2 ** 26;
const LIMIT_SECONDS = 5_400;
const SECONDS_PER_HOUR = 3_600;

type Measurement = {
  /** Of guest/power.sh: with all instruments, with rain gauge and BME280, or with BME280 alone. */
  readonly wiring: 'all' | 'rain' | 'air';
  readonly intervalSeconds: number;
  readonly viewers: 0 | 1;
  /** How long it is measured. */
  readonly seconds: number;
};

const wirings = {
  all: 'all wired',
  rain: 'air and rain',
  air: 'air alone, without gpiomon',
} as const;

const measure = (
  wiring: Measurement['wiring'],
  intervalSeconds: number,
  seconds = 1_200,
  viewers: 0 | 1 = 0,
): Measurement => ({ wiring, intervalSeconds, viewers, seconds });

const measurements: readonly Measurement[] = [
  measure('all', 12, 3_600),
  measure('all', 60, 1_200),
  measure('all', 600, 1_200),
  measure('rain', 12, 1_200),
  measure('rain', 60, 1_200),
  measure('rain', 600, 3_600),
  measure('air', 12, 1_200),
  measure('air', 60, 1_200),
  measure('air', 600, 3_600),
  measure('all', 12, 600, 1),
  measure('all', 60, 600, 1),
];

const keyOf = ({ wiring, intervalSeconds, viewers }: Measurement): string =>
  `${wiring}-${intervalSeconds}-${viewers}`;

const nameOf = ({ wiring, intervalSeconds, viewers }: Measurement): string =>
  `${wirings[wiring]}, a reading in ${intervalSeconds} s${viewers === 0 ? '' : ', one viewer of the page'}`;

type Cost = {
  /** In millions. */
  readonly instructions: number;
  /** Of them, gpiomon's. */
  readonly ofGpiomon: number;
  readonly seconds: number;
};

/** What a machine printed, by name. */
type Results = {
  readonly costs: ReadonlyMap<string, Cost>;
  /** Resident, in MB. */
  readonly memories: ReadonlyMap<string, number>;
};

const millionsOf = (microseconds: string): number => Number(microseconds) / NS_PER_INSTRUCTION / 1_000;

const resultsIn = (output: string): Results => {
  if (!output.includes('POWER-END')) throw new Error(`the machine did not finish:\n${output.slice(-4_000)}`);
  const costs = [...output.matchAll(/POWER (\S+) (\d+) (\d+) (\d+)/g)].map(
    ([, name = '', micros = '', seconds, gpiomon = '']): [string, Cost] => [
      name,
      { instructions: millionsOf(micros), ofGpiomon: millionsOf(gpiomon), seconds: Number(seconds) },
    ],
  );
  const memories = [...output.matchAll(/MEMORY (\S+) (\d+)/g)].map(
    ([, name = '', kilobytes]): [string, number] => [name, Number(kilobytes) / 1_000],
  );
  return { costs: new Map(costs), memories: new Map(memories) };
};

const UNIT = 'million instructions';
const BARE = 'a start of Node.js alone';
const PACKAGES = 'Node.js with the same packages, doing nothing';

const figuresOf = (processor: string, { costs, memories }: Results): readonly Figure[] => {
  const cost = (name: string): Cost => {
    const found = costs.get(name);
    if (found === undefined) throw new Error(`the machine did not measure ${name}`);
    return found;
  };
  const inAnHour = (
    measurement: Measurement,
    count = ({ instructions }: Cost): number => instructions,
  ): number => {
    const measured = cost(keyOf(measurement));
    return (count(measured) * SECONDS_PER_HOUR) / measured.seconds;
  };
  const bare = cost('bare-start').instructions;
  const besideBare = (name: string, ours: number): Figure =>
    beside({
      name: `${processor}: ${name}`,
      unit: UNIT,
      ours: [ours],
      other: { name: BARE, values: [bare] },
    });
  const often = measure('all', 12);
  const seldom = measure('all', 60);
  const readings = SECONDS_PER_HOUR / often.intervalSeconds - SECONDS_PER_HOUR / seldom.intervalSeconds;
  const resident = memories.get(keyOf(often)) ?? Number.NaN;
  return [
    beside({
      name: `${processor}: start until the first reading is delivered`,
      unit: UNIT,
      ours: [cost('start').instructions],
      other: { name: `start of ${PACKAGES}`, values: [cost('packages-start').instructions] },
    }),
    ...measurements.map((each) => besideBare(`an hour, ${nameOf(each)}`, inAnHour(each))),
    besideBare(
      'of the first of these hours, gpiomon',
      inAnHour(often, ({ ofGpiomon }) => ofGpiomon),
    ),
    besideBare(
      'one reading, the hours of 12 and 60 s compared',
      (inAnHour(often) - inAnHour(seldom)) / readings,
    ),
    beside({
      name: `${processor}: resident memory after an hour, ${nameOf(often)}`,
      unit: 'MB',
      ours: [resident],
      other: { name: PACKAGES, values: [memories.get('packages') ?? Number.NaN] },
    }),
    alone({
      name: `${processor}: the same as a number`,
      unit: 'MB',
      ours: resident,
      goal: atMost('MB', resident, 80),
    }),
  ];
};

const list = measurements
  .map(
    ({ wiring, intervalSeconds, viewers, seconds }) => `${wiring} ${intervalSeconds} ${viewers} ${seconds}`,
  )
  .join('\n');
const variablesOf = (install: string): string => `POWER_INSTALL='${install}'\nPOWER_MEASUREMENTS='${list}'`;

const onArm = async (): Promise<readonly Figure[]> => {
  await run(join(projectRoot, 'test/arm/make-machine.sh'), [armFolder], { maxBuffer: MAX_BUFFER });
  const { output } = await runArmMachine({
    board: 'virt',
    kernel: 'arm64',
    script: 'power.sh',
    debianPackage: await debianPackageFor('arm64'),
    limitSeconds: LIMIT_SECONDS,
    isIdleSkipped: true,
    variables: variablesOf('dpkg --force-confold -i /vm/files/weather-gateway.deb'),
  });
  return figuresOf('arm64', resultsIn(output));
};

/** Over this machine's own programs, Node.js included, which is not of a Debian package here. */
const onPc = async (folder: string): Promise<readonly Figure[]> => {
  await writeBrokerFiles(folder);
  const file = await debianPackageFor('amd64');
  const chips = registers().map((line) => `'${line}'`);
  const { output } = await runMachine({
    script: `FOLDER=${folder} NODE=${process.execPath} RELEASE_DISK= REGISTERS=(${chips.join(' ')})
${variablesOf(`dpkg --force-confold --force-depends -i ${file}`)}
. test/arm/guest/power.sh`,
    isSystemd: true,
    isTimeVirtual: true,
    isSingleCore: true,
    isIdleSkipped: true,
    limitSeconds: LIMIT_SECONDS,
  });
  return figuresOf('x86-64', resultsIn(output));
};

/** Needs root, QEMU and what else the emulated machines need, and `npm run build:package`. */
export const power: Bench = {
  name: 'power',
  isLong: true,
  measure: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'weather-gateway-power-'));
    try {
      return (await Promise.all([onArm(), onPc(folder)])).flat();
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};
