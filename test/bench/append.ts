import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase } from '../../src/store/level-store.ts';
import { appendReadings, closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { benchReading } from './bench-reading.ts';
import { atLeast, type Bench, type Figure, median } from './figure.ts';

const ROUNDS = 9;

type Database = ReturnType<typeof createDatabase>;

const ratePerSecond = async (count: number, work: () => Promise<void>): Promise<number> => {
  const startMs = performance.now();
  await work();
  return (count / (performance.now() - startMs)) * 1_000;
};

/** The best that LevelDB can do: one synced batch a group, a key and the reading's JSON. */
const putReadings = async (database: Database, count: number, groupSize: number): Promise<void> => {
  for (let start = 0; start < count; start += groupSize)
    await database.batch(
      Array.from({ length: Math.min(groupSize, count - start) }, (_, index) => ({
        type: 'put' as const,
        key: `reading/${String(start + index).padStart(16, '0')}`,
        value: JSON.stringify(benchReading(start + index)),
      })),
      { sync: true },
    );
};

/** Rounds of both, taking turns, so that a busy machine slows both. */
const compare = async (count: number, groupSize: number): Promise<Figure> => {
  const directory = await mkdtemp(join(tmpdir(), 'bench-append-'));
  const opened = await openBenchOutbox(join(directory, 'ours'));
  const database = createDatabase(join(directory, 'raw'));
  await database.open();
  const ours: number[] = [];
  const raw: number[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const ourRate = await ratePerSecond(count, () => appendReadings(opened.outbox, count, groupSize));
    const rawRate = await ratePerSecond(count, () => putReadings(database, count, groupSize));
    // The first round warms both up.
    if (round === 0) continue;
    ours.push(ourRate);
    raw.push(rawRate);
  }
  await closeBenchOutbox(opened);
  await database.close();
  await rm(directory, { recursive: true });
  const ratio = median(ours.map((rate, round) => rate / (raw[round] ?? Number.NaN)));
  return {
    name: `durable appends, ${groupSize === 1 ? 'one by one' : `groups of ${groupSize}`}`,
    unit: 'readings/s',
    ours: median(ours),
    other: { name: 'raw classic-level, synced batches', value: median(raw) },
    goal: atLeast('ratio', ratio, 0.9),
  };
};

export const append: Bench = {
  name: 'append',
  measure: async () => [await compare(300, 1), await compare(5_000, 100), await compare(20_000, 500)],
};
