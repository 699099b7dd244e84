import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { GapBody } from '../../src/outbox/gap.ts';
import type { Outbox, OutboxRecord } from '../../src/outbox/outbox.ts';
import { StorageFullError } from '../../src/store/store.ts';
import { instantAt, isConserved } from '../fakes/outbox-bodies.ts';

export type OutboxHarness = {
  readonly outbox: Outbox;
  /** Closes the outbox and opens it again, with another bound if one is given. */
  reopen(maxBytes?: number): Promise<Outbox>;
  /** The process dies without closing anything; opens the outbox again. */
  kill(): Promise<Outbox>;
  setFull(isFull: boolean): void;
};

const limit = { maxRecords: 1_000, maxBytes: 1_000_000 };
const seqs = (records: readonly OutboxRecord[]): number[] => records.map(({ seq }) => seq);

/** What an outbox keeps to on every store. */
export const describeOutbox = (
  name: string,
  openHarness: (maxBytes: number) => Promise<OutboxHarness>,
): void => {
  describe(`${name} as an outbox`, () => {
    let harness: OutboxHarness;
    let outbox: Outbox;

    beforeEach(async () => {
      harness = await openHarness(1_000_000);
      outbox = harness.outbox;
    });
    afterEach(async () => {
      expect(isConserved(outbox.stats())).toBe(true);
      await outbox.close();
    });

    const appendReadings = async (count: number): Promise<void> => {
      await Promise.all(
        Array.from({ length: count }, (_, index) =>
          outbox.append('reading', { at: instantAt(index), index }),
        ),
      );
    };
    const at = (seq: number) => ({ epoch: outbox.epoch, seq });

    it('numbers each lane from 1 without a hole, in the order of the calls', async () => {
      const positions = await Promise.all([
        outbox.append('reading', 'a'),
        outbox.append('prealert', 'b'),
        outbox.append('reading', 'c'),
      ]);

      expect(positions).toEqual([at(1), at(1), at(2)]);
      expect(await outbox.peek('reading', limit)).toEqual([
        { ...at(1), body: 'a' },
        { ...at(2), body: 'c' },
      ]);
    });

    it('names its epoch by a ULID, the same one after a restart', async () => {
      const { epoch } = outbox;

      outbox = await harness.reopen();

      expect(outbox.epoch).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
      expect(outbox.epoch).toBe(epoch);
    });

    it('keeps bodies of every JSON kind as they were', async () => {
      const bodies = [null, 'Wörthing 🌧', -0.5, [1, [true]], { nested: { empty: {} } }];
      for (const body of bodies) await outbox.append('reading', body);

      expect((await outbox.peek('reading', limit)).map(({ body }) => body)).toEqual(bodies);
    });

    it('peeks no more records than asked for, from behind a position if one is given', async () => {
      await appendReadings(10);

      const first = await outbox.peek('reading', { maxRecords: 4, maxBytes: 1_000_000 });
      const next = await outbox.peek('reading', { maxRecords: 4, maxBytes: 1_000_000, after: at(4) });

      expect([seqs(first), seqs(next)]).toEqual([
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ]);
    });

    it('peeks no more bytes than asked for, but one record at least', async () => {
      for (const size of [500, 30, 30, 30]) await outbox.append('reading', 'x'.repeat(size));

      const large = await outbox.peek('reading', { maxRecords: 10, maxBytes: 100 });
      const small = await outbox.peek('reading', { maxRecords: 10, maxBytes: 70, after: at(1) });

      expect([seqs(large), seqs(small)]).toEqual([[1], [2, 3]]);
    });

    it('forgets what was acknowledged and counts it as delivered', async () => {
      await appendReadings(5);
      await outbox.peek('reading', limit);

      await outbox.acknowledge('reading', at(3));

      expect(seqs(await outbox.peek('reading', limit))).toEqual([4, 5]);
      expect(outbox.stats()).toMatchObject({
        totals: { accepted: 5, delivered: 3, setAside: 0, givenUp: 0 },
        lanes: { reading: { waiting: 2, oldest: at(4), nextSeq: 6 } },
      });
    });

    it('acknowledges what this process never peeked at, twice, and beyond the end, all the same', async () => {
      await appendReadings(5);

      await outbox.acknowledge('reading', at(2));
      await outbox.acknowledge('reading', at(2));
      await outbox.acknowledge('reading', at(99));
      await outbox.acknowledge('reading', { epoch: 'unknown', seq: 1 });

      expect(outbox.stats().totals.delivered).toBe(5);
      expect(outbox.stats().lanes.reading).toMatchObject({ waiting: 0, waitingBytes: 0, oldest: null });
    });

    it('goes on counting where it was after a restart, also when nothing waits', async () => {
      await appendReadings(3);
      await outbox.acknowledge('reading', at(3));
      await outbox.append('prealert', 'p');
      const before = outbox.stats();

      outbox = await harness.reopen();

      expect(outbox.stats()).toEqual(before);
      expect(await outbox.append('reading', 'next')).toEqual(at(4));
    });

    it('loses nothing that was accepted when the process is killed', async () => {
      await appendReadings(3);
      await outbox.peek('reading', limit);
      await outbox.acknowledge('reading', at(1));
      await appendReadings(2);

      outbox = await harness.kill();

      const records = await outbox.peek('reading', limit);
      expect(seqs(records).slice(-4)).toEqual([2, 3, 4, 5]);
      expect(outbox.stats().totals.accepted).toBe(5);
    });

    it('writes state together with a record, and alone', async () => {
      await outbox.append('reading', 'r', { rain: { tips: 7 } });
      await outbox.putState({ boots: [1], other: null });

      outbox = await harness.kill();

      expect(
        await Promise.all(['rain', 'boots', 'other', 'none'].map((key) => outbox.getState(key))),
      ).toEqual([{ tips: 7 }, [1], null, undefined]);
    });

    it('sets a record aside from wherever it is, and tells of a reading as refused', async () => {
      await appendReadings(4);

      await outbox.setAside('reading', at(2), 'payload too large');
      await outbox.setAside('reading', at(2), 'payload too large');
      await outbox.setAside('reading', at(1), 'payload too large');

      expect(seqs(await outbox.peek('reading', limit))).toEqual([3, 4]);
      const gaps = await outbox.peek('gap', limit);
      expect(gaps.map(({ body }) => body)).toEqual([
        {
          epoch: outbox.epoch,
          fromseq: 2,
          toseq: 2,
          count: 1,
          reason: 'refused',
          from: instantAt(1),
          to: instantAt(1),
        },
        {
          epoch: outbox.epoch,
          fromseq: 1,
          toseq: 1,
          count: 1,
          reason: 'refused',
          from: instantAt(0),
          to: instantAt(0),
        },
      ] satisfies GapBody[]);
      expect(outbox.stats().totals).toEqual({ accepted: 4, delivered: 0, setAside: 2, givenUp: 0 });
    });

    it('does not count what was set aside when it acknowledges what follows', async () => {
      await appendReadings(4);
      await outbox.peek('reading', limit);

      await Promise.all([outbox.setAside('reading', at(2), 'refused'), outbox.acknowledge('reading', at(3))]);

      expect(outbox.stats().totals).toMatchObject({ delivered: 2, setAside: 1 });
      expect(outbox.stats().lanes.reading.waiting).toBe(1);
    });

    it('sets pre-alerts and gaps aside without a gap', async () => {
      await outbox.append('prealert', 'p');
      await outbox.append('reading', 'r');
      await outbox.setAside('reading', at(1), 'refused');

      await outbox.setAside('prealert', at(1), 'refused');
      await outbox.setAside('gap', at(1), 'refused');

      expect(await outbox.peek('gap', limit)).toEqual([]);
      expect(outbox.stats().totals).toEqual({ accepted: 2, delivered: 0, setAside: 2, givenUp: 0 });
    });

    it('gives up the oldest readings when it is full, and tells in one gap which', async () => {
      outbox = await harness.reopen(4_000);
      await outbox.append('prealert', 'kept');
      for (let index = 0; index < 100; index += 1)
        await outbox.append('reading', { at: instantAt(index), pad: 'x'.repeat(100) });

      const readings = await outbox.peek('reading', limit);
      const [gap, ...more] = await outbox.peek('gap', limit);

      const first = readings[0]?.seq ?? 0;
      expect(first).toBeGreaterThan(80);
      expect(seqs(readings)).toEqual(Array.from({ length: 101 - first }, (_, index) => first + index));
      expect([gap?.body, more]).toEqual([
        {
          epoch: outbox.epoch,
          fromseq: 1,
          toseq: first - 1,
          count: first - 1,
          reason: 'full',
          from: instantAt(0),
          to: instantAt(first - 2),
        } satisfies GapBody,
        [],
      ]);
      expect((await outbox.peek('prealert', limit)).length).toBe(1);
      expect(outbox.stats().totals.givenUp).toBe(first - 1);
    });

    it('tells in another gap what it gave up after a gap was handed out', async () => {
      outbox = await harness.reopen(4_000);
      const fill = async (): Promise<void> => {
        for (let index = 0; index < 30; index += 1) await outbox.append('reading', 'x'.repeat(100));
      };
      await fill();
      const [first] = await outbox.peek('gap', limit);
      await fill();

      const gaps = await outbox.peek('gap', limit);

      expect(gaps[0]).toEqual(first);
      expect(gaps.length).toBe(2);
      const given = gaps.reduce((sum, { body }) => sum + Number(Object(body).count), 0);
      expect(given).toBe(outbox.stats().totals.givenUp);
    });

    it('gives up the oldest pre-alerts when no reading is left to give up', async () => {
      outbox = await harness.reopen(4_000);
      for (let index = 0; index < 40; index += 1) await outbox.append('prealert', 'x'.repeat(100));

      const kept = await outbox.peek('prealert', limit);

      expect(kept.at(-1)?.seq).toBe(40);
      expect(outbox.stats().totals.givenUp).toBe(40 - kept.length);
      expect(outbox.stats().lanes.gap.waiting).toBe(0);
    });

    it('drops a bound of bytes across restarts no more than in one run', async () => {
      for (let index = 0; index < 50; index += 1) await outbox.append('reading', 'x'.repeat(100));

      outbox = await harness.reopen(4_000);
      await outbox.append('reading', 'one more');

      const { lanes } = outbox.stats();
      expect(lanes.reading.waitingBytes + lanes.gap.waitingBytes).toBeLessThanOrEqual(4_000);
    });

    it('rejects what it cannot store while the disk is full, without using up a number', async () => {
      await appendReadings(2);
      harness.setFull(true);
      await expect(outbox.append('reading', 'lost')).rejects.toThrow(StorageFullError);
      await expect(outbox.putState({ a: 1 })).rejects.toThrow(StorageFullError);
      harness.setFull(false);

      expect(await outbox.append('reading', 'kept')).toEqual(at(3));
    });

    it('goes on draining while the disk is full, and remembers it once there is room', async () => {
      await appendReadings(4);
      harness.setFull(true);
      await outbox.peek('reading', { maxRecords: 2, maxBytes: 1_000_000 });
      await outbox.acknowledge('reading', at(2));
      expect(seqs(await outbox.peek('reading', limit))).toEqual([3, 4]);
      harness.setFull(false);
      await outbox.append('reading', 'next');

      outbox = await harness.kill();

      expect(seqs(await outbox.peek('reading', limit))).toEqual([3, 4, 5]);
      expect(outbox.stats().totals).toEqual({ accepted: 5, delivered: 2, setAside: 0, givenUp: 0 });
    });
  });
};
