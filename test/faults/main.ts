import process from 'node:process';
import { parseArgs } from 'node:util';
import { runFaults } from './fault-run.ts';

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

const seed = values.seed === undefined ? Math.floor(Math.random() * 1e6) : Number(values.seed);
const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
const writeCount = (count: number, name: string): void => write(`${String(count).padStart(6)}  ${name}`);
write(`npm run test:faults -- --seed ${seed}`);

const { counts, verdicts, footprints } = await runFaults({
  seed,
  stations: Number(values.stations),
  speed: Number(values.speed),
  faults: Number(values.faults),
  seconds: Number(values.hours) * 3_600,
  write,
});

for (const [name, count] of [...counts].sort(([, a], [, b]) => b - a)) writeCount(count, name);
const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
writeCount(total, 'faults in all');
for (const { problems, ...verdict } of verdicts) {
  write(JSON.stringify(verdict));
  for (const problem of problems) write(`  PROBLEM station ${verdict.station}: ${problem}`);
}

const sum = (of: 'delivered' | 'duplicates' | 'lost' | 'outOfOrder' | 'setAside' | 'givenUp'): number =>
  verdicts.reduce((all, verdict) => all + verdict[of], 0);
write(
  `${sum('delivered')} delivered, ${sum('setAside')} set aside, ${sum('givenUp')} given up, ` +
    `${sum('lost')} lost, ${sum('outOfOrder')} out of order, ${sum('duplicates')} delivered twice`,
);

const problems = verdicts.flatMap((verdict) => verdict.problems);
const first = footprints[0];
const last = footprints.at(-1);
if (first && last && footprints.length >= SOAK_SAMPLES) {
  write(`footprint after a minute ${JSON.stringify(first)}, at the end ${JSON.stringify(last)}`);
  if (last.residentMegabytes > first.residentMegabytes * MOST_GROWTH) problems.push('memory grows');
  if (last.handles > first.handles * MOST_GROWTH) problems.push('handles grow');
}
process.exitCode = problems.length === 0 ? 0 : 1;
