import { cpus, loadavg, totalmem } from 'node:os';
import { append } from './append.ts';
import { diskWrites } from './disk-writes.ts';
import { drain } from './drain.ts';
import type { Bench } from './figure.ts';
import { idle } from './idle.ts';
import { latency } from './latency.ts';
import { loss } from './loss.ts';
import { pageCost } from './page-cost.ts';
import { power } from './power.ts';
import { replayYear } from './replay.ts';
import { restart } from './restart.ts';
import { writeResults } from './results.ts';
import { brokerReturn } from './return.ts';
import { smallPath } from './small-path.ts';
import { wire } from './wire.ts';

// npm run bench [NAME...]: measures all but the long ones, or those that are named, prints a table and writes it with a plot into test/bench/results and docs/benchmarks.md.
const benches: readonly Bench[] = [
  append,
  drain,
  latency,
  loss,
  brokerReturn,
  restart,
  diskWrites,
  idle,
  pageCost,
  wire,
  smallPath,
  replayYear,
  power,
];

const chosen = process.argv.slice(2);
const unknown = chosen.filter((name) => !benches.some((bench) => bench.name === name));
if (unknown.length > 0) {
  process.stderr.write(
    `no such benchmark: ${unknown.join(', ')}; there are ${benches.map(({ name }) => name).join(', ')}\n`,
  );
  process.exit(1);
}

const machine = `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
for (const { name, isLong, measure } of benches) {
  if (chosen.length === 0 ? isLong === true : !chosen.includes(name)) continue;
  process.stderr.write(`${name} ...\n`);
  const date = new Date().toISOString().slice(0, 10);
  const loadAverage = loadavg()[0] ?? 0;
  const table = await writeResults({ bench: name, date, machine, loadAverage, figures: await measure() });
  process.stdout.write(`${table}\n`);
}
// The SDK's threads would keep the process for minutes after its last connection.
process.exit(0);
