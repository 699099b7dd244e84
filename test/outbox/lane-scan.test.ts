import { expect, it } from 'vitest';
import { parseRecordKey } from '../../src/outbox/stored-record.ts';
import type { Store } from '../../src/store/store.ts';
import { acceptUpTo, isConserved, openOutboxForTest } from '../fakes/outbox-bodies.ts';
import { createFakeDisk } from '../fakes/store.ts';

/** As LevelDB reads a block with a flipped bit: keys are deltas, so that what a scan misses a seek may find. */
const hidingFromScans = (store: Store, options: { doSeeksFind: boolean }): Store => {
  const isHidden = (key: string): boolean => [4, 5, 6].includes(parseRecordKey(key)?.seq ?? 0);
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
  for (;;) {
    const batch = await outbox.take('reading', { maxRecords: 5, maxBytes: 1_000 });
    if (batch === null) return { delivered, gaps: outbox.gaps(), stats: outbox.stats() };
    delivered.push(...batch.records.map(({ seq }) => seq));
    await outbox.accept(batch);
  }
};

it('gives what a scan over a damaged table missed and a seek finds', async () => {
  const { delivered, gaps, stats } = await deliverAll({ doSeeksFind: true });

  expect(delivered).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(gaps).toEqual([]);
  expect(stats.lanes.reading.waiting).toBe(0);
  expect(isConserved(stats)).toBe(true);
});

it('drops what neither finds', async () => {
  const { delivered, gaps, stats } = await deliverAll({ doSeeksFind: false });

  expect(delivered).toEqual([1, 2, 3, 7, 8, 9, 10]);
  expect(gaps).toMatchObject([{ fromseq: 4, toseq: 6, count: 3, reason: 'damaged' }]);
  expect(stats.lanes.reading.waiting).toBe(0);
  expect(isConserved(stats)).toBe(true);
});

it('drops nothing damaged before the batch behind it is given back', async () => {
  const disk = createFakeDisk();
  const outbox = await openOutboxForTest(disk.open(), { maxBytes: 100_000 });
  for (let index = 0; index < 3; index += 1) await outbox.append('reading', index);
  const [oldest = ''] = disk.keys().filter((key) => key.startsWith('outbox/reading/'));
  disk.tamper(oldest, (value) => `${value}x`);

  const recordsOnDisk = (): number => disk.keys().filter((key) => key.startsWith('outbox/reading/')).length;
  const batch = await outbox.take('reading', { maxRecords: 5, maxBytes: 1_000 });
  expect(batch).toMatchObject({ count: 2, lost: { from: { seq: 1 }, until: { seq: 2 } } });
  expect([outbox.gaps(), outbox.stats().totals.givenUp]).toEqual([[], 0]);
  const commits = disk.commits();
  if (batch !== null) await outbox.accept(batch.first(1));
  expect([disk.commits() - commits, recordsOnDisk()]).toEqual([1, 1]);

  expect(outbox.gaps()).toMatchObject([{ fromseq: 1, toseq: 1, reason: 'damaged' }]);
  expect(outbox.stats()).toMatchObject({
    totals: { delivered: 1, givenUp: 1 },
    lanes: { reading: { waiting: 1 } },
  });
});

it('passes over more keys of a damaged table than it reads at once', async () => {
  const disk = createFakeDisk();
  const store = disk.open();
  const outbox = await openOutboxForTest(store, { maxBytes: 100_000 });
  for (let index = 0; index < 3; index += 1) await outbox.append('reading', index);
  const newest = disk.keys().findLast((key) => key.startsWith('outbox/reading/')) ?? '';
  const neverGiven = [50, 51, 52].map((seq) => newest.slice(0, -2) + String(seq));
  const noKeys = [0, 1, 2].map((index) => `${newest}${index}`);
  for (const key of [...neverGiven, ...noKeys]) await store.write([{ key, value: 'x' }], { sync: true });
  disk.tamper(newest, () => null);

  const first = await outbox.take('reading', { maxRecords: 2, maxBytes: 1_000 });
  await acceptUpTo(outbox, 'reading', 2);
  const rest = await outbox.take('reading', { maxRecords: 2, maxBytes: 1_000 });
  if (rest !== null) await outbox.accept(rest);

  expect([first?.count, rest?.count]).toEqual([2, 0]);
  expect(outbox.gaps()).toMatchObject([{ fromseq: 3, toseq: 3, count: 1 }]);
  expect(isConserved(outbox.stats())).toBe(true);
});
