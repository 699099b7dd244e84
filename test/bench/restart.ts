import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { appendReadings, closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { runChild } from './child.ts';
import { atMost, type Bench, type Figure, median } from './figure.ts';

const RUNS = 3;

const startSchema = z.object({ storedMs: z.number(), megabytes: z.number() });
type Start = z.infer<typeof startSchema>;

const measureStarts = async (waiting: number): Promise<Start> => {
  const directory = await mkdtemp(join(tmpdir(), 'bench-restart-'));
  const opened = await openBenchOutbox(directory);
  await appendReadings(opened.outbox, waiting, 2_000);
  await closeBenchOutbox(opened);
  const starts: Start[] = [];
  for (let run = 0; run < RUNS; run += 1)
    starts.push(startSchema.parse(await runChild('restart-child.ts', [directory])));
  await rm(directory, { recursive: true });
  return {
    storedMs: median(starts.map(({ storedMs }) => storedMs)),
    megabytes: median(starts.map(({ megabytes }) => megabytes)),
  };
};

const figuresOf = (waiting: number, start: Start, empty: Start): readonly Figure[] => {
  const name = `${waiting.toLocaleString('en')} waiting`;
  return [
    {
      name: `start until the first reading is stored, ${name}`,
      unit: 'ms',
      ours: start.storedMs,
      other: { name: 'nothing waiting', value: empty.storedMs },
      goal: atMost('ms', start.storedMs, 2_000),
    },
    {
      name: `resident memory after the start, ${name}`,
      unit: 'MB',
      ours: start.megabytes,
      other: { name: 'nothing waiting', value: empty.megabytes },
      goal: atMost('MB above nothing waiting', start.megabytes - empty.megabytes, 40),
    },
  ];
};

export const restart: Bench = {
  name: 'restart',
  measure: async () => {
    const empty = await measureStarts(0);
    const figures: Figure[] = [];
    for (const waiting of [100_000, 1_000_000])
      figures.push(...figuresOf(waiting, await measureStarts(waiting), empty));
    return figures;
  },
};
