import { expect, it } from 'vitest';
import { gapBodySchema } from '../../src/outbox/gap.ts';
import { placeOfKey } from '../../src/outbox/place.ts';
import type { Store } from '../../src/store/store.ts';
import { isConserved, openOutboxForTest } from '../fakes/outbox-bodies.ts';
import { createFakeDisk } from '../fakes/store.ts';

/** As LevelDB reads a block with a flipped bit: keys are deltas, so that what a scan misses a seek may find. */
const hidingFromScans = (store: Store, options: { doSeeksFind: boolean }): Store => {
  const isHidden = (key: string): boolean => [4, 5, 6].includes(placeOfKey(key)?.seq ?? 0);
  return {
    ...store,
    entries: async (range, { limit = Number.POSITIVE_INFINITY } = {}) => {
      if (options.doSeeksFind && isHidden(range.from)) return store.entries(range, { limit });
      const entries = await store.entries(range);
      return entries.filter(([key]) => !isHidden(key)).slice(0, limit);
    },
  };
};

const deliverAll = async (options: { doSeeksFind: boolean }) => {
  const disk = createFakeDisk();
  const store = hidingFromScans(disk.open(), options);
  const outbox = await openOutboxForTest(store, { maxBytes: 100_000 });
  for (let index = 0; index < 10; index += 1) await outbox.append('reading', index);
  const delivered: number[] = [];
  for (let peek = 0; peek < 5; peek += 1) {
    const records = await outbox.peek('reading', { maxRecords: 5, maxBytes: 1_000 });
    delivered.push(...records.map(({ seq }) => seq));
    const last = records.at(-1);
    if (last) await outbox.acknowledge('reading', last);
  }
  const gaps = await outbox.peek('gap', { maxRecords: 5, maxBytes: 1_000 });
  return { delivered, gaps: gaps.map(({ body }) => gapBodySchema.parse(body)), stats: outbox.stats() };
};

it('hands out what a scan over a damaged table missed and a seek finds', async () => {
  const { delivered, gaps, stats } = await deliverAll({ doSeeksFind: true });

  expect(delivered).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(gaps).toEqual([]);
  expect(stats.lanes.reading.waiting).toBe(0);
  expect(isConserved(stats)).toBe(true);
});

it('gives up what neither finds', async () => {
  const { delivered, gaps, stats } = await deliverAll({ doSeeksFind: false });

  expect(delivered).toEqual([1, 2, 3, 7, 8, 9, 10]);
  expect(gaps).toMatchObject([{ fromseq: 4, toseq: 6, count: 3, reason: 'damaged' }]);
  expect(stats.lanes.reading.waiting).toBe(0);
  expect(isConserved(stats)).toBe(true);
});

it('passes over more keys of a damaged table than it reads at once', async () => {
  const disk = createFakeDisk();
  const store = disk.open();
  const outbox = await openOutboxForTest(store, { maxBytes: 100_000 });
  for (let index = 0; index < 3; index += 1) await outbox.append('reading', index);
  const newest = disk.keys().findLast((key) => key.startsWith('outbox/reading/')) ?? '';
  const neverGiven = [50, 51, 52].map((seq) => newest.slice(0, -2) + String(seq));
  const noPlaces = [0, 1, 2].map((index) => `${newest}${index}`);
  for (const key of [...neverGiven, ...noPlaces]) await store.write([{ key, value: 'x' }], { sync: true });
  disk.tamper(newest, () => null);

  const first = await outbox.peek('reading', { maxRecords: 2, maxBytes: 1_000 });
  await outbox.acknowledge('reading', { epoch: outbox.epoch, seq: 2 });
  const rest = await outbox.peek('reading', { maxRecords: 2, maxBytes: 1_000 });
  const gaps = await outbox.peek('gap', { maxRecords: 2, maxBytes: 1_000 });

  expect([first.map(({ seq }) => seq), rest]).toEqual([[1, 2], []]);
  expect(gaps.map(({ body }) => gapBodySchema.parse(body))).toMatchObject([
    { fromseq: 3, toseq: 3, count: 1 },
  ]);
  expect(isConserved(outbox.stats())).toBe(true);
});
