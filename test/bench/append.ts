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

type Name = 'ours' | 'array' | 'chained';

/** All three in each round, another one first each time: what one leaves for LevelDB to compact slows the next. */
const takeTurns = async (
  count: number,
  contenders: readonly (readonly [name: Name, append: () => Promise<void>])[],
): Promise<Readonly<Record<Name, number[]>>> => {
  const rates: Record<Name, number[]> = { ours: [], array: [], chained: [] };
  for (let round = 0; round <= ROUNDS; round += 1)
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(round + turn) % contenders.length];
      if (contender === undefined) continue;
      const [name, append] = contender;
      const rate = await ratePerSecond(count, append);
      // The first round warms them up.
      if (round > 0) rates[name].push(rate);
    }
  return rates;
};

const compare = async (count: number, groupSize: number): Promise<readonly Figure[]> => {
  const directory = await mkdtemp(join(tmpdir(), 'bench-append-'));
  const opened = await openBenchOutbox(join(directory, 'ours'));
  const raw = createDatabase(join(directory, 'raw'));
  const chained = createDatabase(join(directory, 'chained'));
  await Promise.all([raw.open(), chained.open()]);
  const size = [count, groupSize] as const;
  const rates = await takeTurns(count, [
    ['ours', () => appendReadings(opened.outbox, count, groupSize)],
    ['array', () => inGroups(size, (...group) => putArray(raw, ...group))],
    ['chained', () => inGroups(size, (...group) => putChained(chained, ...group))],
  ]);
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
