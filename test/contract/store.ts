import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StorageFullError, type Store } from '../../src/store/store.ts';

export type StoreHarness = {
  readonly store: Store;
  /** Closes the store and opens what is on its disk again. */
  reopen(): Promise<Store>;
  /** The disk takes nothing, or takes everything again. */
  setFull(isFull: boolean): void;
};

const all = { from: '', until: '\uffff' };

/** What every store keeps to: LevelDB and the fake. */
export const describeStore = (name: string, openHarness: () => Promise<StoreHarness>): void => {
  describe(`${name} as a store`, () => {
    let harness: StoreHarness;
    let store: Store;

    beforeEach(async () => {
      harness = await openHarness();
      store = harness.store;
    });
    afterEach(() => store.close());

    const put = (...entries: readonly (readonly [string, string | null])[]): Promise<void> =>
      store.write(
        entries.map(([key, value]) => ({ key, value })),
        { sync: true },
      );

    it('reads back what it wrote, and nothing where nothing is', async () => {
      await put(['a/1', 'one']);

      expect([await store.get('a/1'), await store.get('a/2')]).toEqual(['one', undefined]);
    });

    it('applies the changes of one write in order', async () => {
      await put(['a', 'first'], ['a', null], ['a', 'last'], ['b', 'gone'], ['b', null]);

      expect(await store.entries(all)).toEqual([['a', 'last']]);
    });

    it('accepts a write of nothing', async () => {
      await store.write([], { sync: true });

      expect(await store.entries(all)).toEqual([]);
    });

    it('lists a range in the order of UTF-8 bytes, the end excluded', async () => {
      await put(['b', '2'], ['z', '4'], ['a', '1'], ['é', '5'], ['c', '3']);

      const keys = (await store.entries({ from: 'a', until: 'c' })).map(([key]) => key);
      const allKeys = (await store.entries(all)).map(([key]) => key);

      expect([keys, allKeys]).toEqual([
        ['a', 'b'],
        ['a', 'b', 'c', 'z', 'é'],
      ]);
    });

    it('lists from either end, as many as asked for', async () => {
      await put(['a', '1'], ['b', '2'], ['c', '3']);

      const first = await store.entries(all, { limit: 2 });
      const last = await store.entries(all, { limit: 2, reverse: true });

      expect([first, last]).toEqual([
        [
          ['a', '1'],
          ['b', '2'],
        ],
        [
          ['c', '3'],
          ['b', '2'],
        ],
      ]);
    });

    it('deletes a range and nothing else', async () => {
      await put(['a', '1'], ['b', '2'], ['c', '3']);

      await store.deleteRange({ from: 'a', until: 'c' });
      await store.compact(all);

      expect(await store.entries(all)).toEqual([['c', '3']]);
    });

    it('keeps every one of many concurrent writes, the later of two to one key', async () => {
      const writes = Array.from({ length: 200 }, (_, index) =>
        put([`key/${String(index).padStart(3, '0')}`, 'x'], ['last', String(index)]),
      );

      await Promise.all(writes);

      expect((await store.entries({ from: 'key/', until: 'key0' })).length).toBe(200);
      expect(await store.get('last')).toBe('199');
    });

    it('counts the bytes of keys and values written', async () => {
      await put(['key', 'value']);
      await store.write([{ key: 'é', value: null }], { sync: false });

      expect(store.writtenBytes()).toBe(3 + 5 + 2);
    });

    it('keeps what was written when it is opened again', async () => {
      await put(['a', '1']);
      await store.write([{ key: 'b', value: '2' }], { sync: false });

      store = await harness.reopen();

      expect(await store.entries(all)).toEqual([
        ['a', '1'],
        ['b', '2'],
      ]);
    });

    it('rejects writes while the disk is full, still reads, and goes on when there is room', async () => {
      await put(['a', '1']);
      harness.setFull(true);

      await expect(put(['b', '2'])).rejects.toThrow(StorageFullError);
      await expect(put(['c', '3'])).rejects.toThrow(StorageFullError);
      await expect(store.deleteRange(all)).rejects.toThrow(StorageFullError);
      expect(await store.entries(all)).toEqual([['a', '1']]);

      harness.setFull(false);
      await put(['d', '4']);
      expect(await store.entries(all)).toEqual([
        ['a', '1'],
        ['d', '4'],
      ]);
    });
  });
};
