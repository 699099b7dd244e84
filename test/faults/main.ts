import process from 'node:process';
import { parseArgs } from 'node:util';
import { diskFaults, runFaults } from './fault-run.ts';
import type { Footprint } from './process-footprint.ts';
import { whyNoSmallDisk } from './small-disk.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    stations: { type: 'string', default: '8' },
    speed: { type: 'string', default: '15' },
    faults: { type: 'string', default: '500' },
    hours: { type: 'string', default: '0' },
  },
});

/** A soak is long enough for a leak to show beside what garbage collection does. */
const SOAK_SAMPLES = 30;
const MOST_GROWTH = 1.5;

/** LevelDB's log and a table, before it compacts. */
const COMPACTION_MEGABYTES = 8;

const ENOUGH_FAULTS = 500;

const growthBetween = (first: Footprint, last: Footprint): string[] =>
  [
    last.residentMegabytes > first.residentMegabytes * MOST_GROWTH ? 'memory grows' : '',
    last.handles > first.handles * MOST_GROWTH ? 'handles grow' : '',
    last.diskMegabytes > first.diskMegabytes * MOST_GROWTH + COMPACTION_MEGABYTES ? 'the disk fills' : '',
  ].filter((problem) => problem !== '');

const seed = values.seed === undefined ? Math.floor(Math.random() * 1e6) : Number(values.seed);
const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const writeCount = (count: number, name: string): void => write(`${String(count).padStart(6)}  ${name}`);
write(`npm run test:faults -- --seed ${seed}`);

const whyNoDisk = await whyNoSmallDisk();
if (whyNoDisk !== null)
  write(`LEFT OUT: ${diskFaults.join(', ')}, for no small disk can be mounted. ${whyNoDisk}`);

const { counts, verdicts, footprints } = await runFaults({
  seed,
  stations: Number(values.stations),
  speed: Number(values.speed),
  faults: Number(values.faults),
  seconds: Number(values.hours) * 3_600,
  hasOwnDisks: whyNoDisk === null,
  write,
});

for (const [name, count] of [...counts].sort(([, a], [, b]) => b - a)) writeCount(count, name);
const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
writeCount(total, 'faults in all');
for (const { problems: _, ...verdict } of verdicts) write(JSON.stringify(verdict));

const sum = (of: 'delivered' | 'duplicates' | 'lost' | 'outOfOrder' | 'setAside' | 'givenUp'): number =>
  verdicts.reduce((all, verdict) => all + verdict[of], 0);
write(
  `${sum('delivered')} delivered, ${sum('setAside')} set aside, ${sum('givenUp')} given up, ` +
    `${sum('lost')} lost, ${sum('outOfOrder')} out of order, ${sum('duplicates')} delivered twice`,
);

const problems = verdicts.flatMap((verdict) =>
  verdict.problems.map((problem) => `station ${verdict.station}: ${problem}`),
);
// Enough for every kind to come up at each station.
if (Number(values.faults) >= ENOUGH_FAULTS)
  for (const [name, count] of counts) if (count === 0) problems.push(`never injected: ${name}`);
const first = footprints[0];
const last = footprints.at(-1);
if (first && last && footprints.length > 1) {
  write(`footprint ${footprints.length} times, first ${JSON.stringify(first)}, last ${JSON.stringify(last)}`);
  if (footprints.length >= SOAK_SAMPLES) problems.push(...growthBetween(first, last));
}
for (const problem of problems) write(`PROBLEM ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
