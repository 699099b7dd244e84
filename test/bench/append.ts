import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase } from '../../src/store/level-store.ts';
import { appendReadings, closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { benchReading } from './bench-reading.ts';
import { atLeast, type Bench, beside, type Figure } from './figure.ts';

const ROUNDS = 15;

type Database = ReturnType<typeof createDatabase>;

const ratePerSecond = async (count: number, work: () => Promise<void>): Promise<number> => {
  const startMs = performance.now();
  await work();
  return (count / (performance.now() - startMs)) * 1_000;
};

const entries = (start: number, count: number): readonly (readonly [key: string, value: string])[] =>
  Array.from({ length: count }, (_, index) => [
    `reading/${String(start + index).padStart(16, '0')}`,
    JSON.stringify(benchReading(start + index)),
  ]);

/** As classic-level's documentation writes it: one synced batch a group, a key and the reading's JSON. */
const putArray = (database: Database, start: number, count: number): Promise<void> =>
  database.batch(
    entries(start, count).map(([key, value]) => ({ type: 'put' as const, key, value })),
    { sync: true },
  );

/** The fastest way that classic-level has, which ours takes too. */
const putChained = async (database: Database, start: number, count: number): Promise<void> => {
  const batch = database.batch();
  for (const [key, value] of entries(start, count)) batch.put(key, value);
  await batch.write({ sync: true });
};

const inGroups = async (
  [count, groupSize]: readonly [number, number],
  put: (start: number, count: number) => Promise<void>,
): Promise<void> => {
  for (let start = 0; start < count; start += groupSize) await put(start, Math.min(groupSize, count - start));
};

/** Rounds of all three, taking turns. */
const compare = async (count: number, groupSize: number): Promise<readonly Figure[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'bench-append-'));
  const opened = await openBenchOutbox(join(directory, 'ours'));
  const raw = createDatabase(join(directory, 'raw'));
  const chained = createDatabase(join(directory, 'chained'));
  await Promise.all([raw.open(), chained.open()]);
  const size = [count, groupSize] as const;
  const rates: Record<'ours' | 'array' | 'chained', number[]> = { ours: [], array: [], chained: [] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    const ours = await ratePerSecond(count, () => appendReadings(opened.outbox, count, groupSize));
    const arrays = await ratePerSecond(count, () => inGroups(size, (...group) => putArray(raw, ...group)));
    const chains = await ratePerSecond(count, () =>
      inGroups(size, (...group) => putChained(chained, ...group)),
    );
    // The first round warms them up.
    if (round === 0) continue;
    rates.ours.push(ours);
    rates.array.push(arrays);
    rates.chained.push(chains);
  }
  await closeBenchOutbox(opened);
  await Promise.all([raw.close(), chained.close()]);
  await rm(directory, { recursive: true });
  const others = [
    { name: 'raw classic-level, a synced batch of an array', values: rates.array },
    { name: 'raw classic-level, a synced chained batch', values: rates.chained },
  ];
  return others.map((other) =>
    beside({
      name: `durable appends, ${groupSize === 1 ? 'one by one' : `groups of ${groupSize}`}`,
      unit: 'readings/s',
      ours: rates.ours,
      other,
      goal: (ratio) => atLeast('ratio', ratio, 0.9),
    }),
  );
};

export const append: Bench = {
  name: 'append',
  measure: async () => [
    ...(await compare(300, 1)),
    ...(await compare(5_000, 100)),
    ...(await compare(20_000, 500)),
  ],
};
