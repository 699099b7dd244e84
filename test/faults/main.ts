import process from 'node:process';
import { parseArgs } from 'node:util';
import { runFaults } from './fault-run.ts';
import { diskFaults } from './faulty-station.ts';
import { problemsOf, reportLines } from './report.ts';
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

/** Enough for every kind to come up at each station. */
const ENOUGH_FAULTS = 500;

const seed = values.seed === undefined ? Math.floor(Math.random() * 1e6) : Number(values.seed);
const write = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
write(`npm run test:faults -- --seed ${seed}`);

const whyNoDisk = await whyNoSmallDisk();
if (whyNoDisk !== null)
  write(`LEFT OUT: ${diskFaults.join(', ')}, for no small disk can be mounted. ${whyNoDisk}`);

const report = await runFaults({
  seed,
  stations: Number(values.stations),
  speed: Number(values.speed),
  faults: Number(values.faults),
  seconds: Number(values.hours) * 3_600,
  hasOwnDisks: whyNoDisk === null,
  write,
});

for (const line of reportLines(report)) write(line);
const problems = problemsOf(report, Number(values.faults) >= ENOUGH_FAULTS);
for (const problem of problems) write(`PROBLEM ${problem}`);
process.exitCode = problems.length === 0 ? 0 : 1;
