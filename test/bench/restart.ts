import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { appendReadings, closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { runChild } from './child.ts';
import { atMost, type Bench, beside, type Figure, median } from './figure.ts';

const ROUNDS = 3;
const WAITING = [0, 100_000, 1_000_000] as const;

const startSchema = z.object({ storedMs: z.number(), megabytes: z.number() });
type Start = z.infer<typeof startSchema>;

/** The starts of an outbox in which so many readings wait, one a round. */
type Starts = { readonly waiting: number; readonly directory: string; readonly starts: Start[] };

const fill = async (waiting: number): Promise<Starts> => {
  const directory = await mkdtemp(join(tmpdir(), 'bench-restart-'));
  const opened = await openBenchOutbox(directory);
  await appendReadings(opened.outbox, waiting, 2_000);
  await closeBenchOutbox(opened);
  return { waiting, directory, starts: [] };
};

const start = async (directory: string): Promise<Start> =>
  startSchema.parse(await runChild('restart-child.ts', [directory]));

const figuresOf = ({ waiting, starts }: Starts, empty: readonly Start[]): readonly Figure[] => {
  const name = `${waiting.toLocaleString('en')} waiting`;
  const of = (key: keyof Start) => ({
    ours: starts.map((each) => each[key]),
    other: { name: 'nothing waiting', values: empty.map((each) => each[key]) },
  });
  const [times, memory] = [of('storedMs'), of('megabytes')];
  const more = median(memory.ours) - median(memory.other.values);
  return [
    beside({
      name: `start until the first reading is stored, ${name}`,
      unit: 'ms',
      ...times,
      goal: () => atMost('ms', median(times.ours), 2_000),
    }),
    beside({
      name: `resident memory after the start, ${name}`,
      unit: 'MB',
      ...memory,
      goal: () => atMost('MB above nothing waiting', more, 40),
    }),
  ];
};

export const restart: Bench = {
  name: 'restart',
  measure: async () => {
    const outboxes: Starts[] = [];
    for (const waiting of WAITING) outboxes.push(await fill(waiting));
    for (let round = 0; round <= ROUNDS; round += 1)
      for (const { directory, starts } of outboxes) {
        const measured = await start(directory);
        // The first round finds the files as they were left by the filling, and nothing in the cache of tsx.
        if (round > 0) starts.push(measured);
      }
    await Promise.all(outboxes.map(({ directory }) => rm(directory, { recursive: true })));
    const [empty, ...full] = outboxes;
    return full.flatMap((each) => figuresOf(each, empty?.starts ?? []));
  },
};
