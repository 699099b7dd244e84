import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Outbox } from '../../src/outbox/outbox.ts';
import type { Gap, OutboxRecord, RecordId } from '../../src/outbox/records.ts';
import { StorageFullError } from '../../src/store/store.ts';
import { acceptUpTo, deadLetterOldest, instantAt, isConserved, waitingIn } from '../fakes/outbox-bodies.ts';

export type OutboxHarness = {
  readonly outbox: Outbox;
  /** Closes the outbox and opens it again, with another bound if one is given. */
  reopen(maxBytes?: number): Promise<Outbox>;
  /** The process dies without closing anything; opens the outbox again. */
  kill(): Promise<Outbox>;
  setFull(isFull: boolean): void;
};

const idOf = ({ epoch, seq }: RecordId): RecordId => ({ epoch, seq });
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

      expect(positions).toMatchObject([at(1), at(1), at(2)]);
      expect(await waitingIn(outbox, 'reading')).toEqual([
        { ...at(1), body: 'a' },
        { ...at(2), body: 'c' },
      ]);
    });

    it('names its epoch by a ULID, and begins another one with what it stores after a restart', async () => {
      const before = await outbox.append('reading', 'a');

      outbox = await harness.reopen();
      const after = await outbox.append('reading', 'b');

      expect(before.epoch).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
      expect(after).toMatchObject(at(1));
      expect(after.epoch).not.toBe(before.epoch);
      expect(await waitingIn(outbox, 'reading')).toEqual([
        { ...idOf(before), body: 'a' },
        { ...idOf(after), body: 'b', previous: idOf(before) },
      ]);
    });

    it('says with the first reading of an epoch which reading came before, of whichever epoch', async () => {
      await appendReadings(3);
      const last = at(3);
      outbox = await harness.reopen();
      await outbox.append('prealert', 'an epoch without a reading');
      outbox = await harness.reopen();
      outbox = await harness.reopen();
      await acceptUpTo(outbox, 'reading', 3);
      await appendReadings(2);
      await deadLetterOldest(outbox, 'reading', 'refused');

      expect(outbox.gaps()).toMatchObject([{ epoch: outbox.epoch, fromseq: 1, previous: last }]);
      expect(await waitingIn(outbox, 'reading')).toMatchObject([at(2)]);
    });

    it('keeps bodies of every JSON kind as they were', async () => {
      const bodies = [null, 'Wörthing 🌧', -0.5, [1, [true]], { nested: { empty: {} } }];
      for (const body of bodies) await outbox.append('reading', body);

      expect((await waitingIn(outbox, 'reading')).map(({ body }) => body)).toEqual(bodies);
    });

    it('gives no more records in a batch than asked for, the oldest first', async () => {
      await appendReadings(10);

      const batch = await outbox.take('reading', { maxRecords: 4, maxBytes: 1_000_000 });

      expect(seqs(batch?.records ?? [])).toEqual([1, 2, 3, 4]);
      expect(batch).toMatchObject({ lane: 'reading', count: 4 });
    });

    it('gives no more bytes than asked for, but one record at least', async () => {
      for (const size of [500, 30, 30, 30]) await outbox.append('reading', 'x'.repeat(size));

      const large = await outbox.take('reading', { maxRecords: 10, maxBytes: 100 });
      await acceptUpTo(outbox, 'reading', 1);
      const small = await outbox.take('reading', { maxRecords: 10, maxBytes: 70 });

      expect([large, small]).toMatchObject([
        { count: 1, bytes: 502 },
        { count: 2, bytes: 64 },
      ]);
    });

    it('has no batch where nothing waits', async () => {
      expect(await outbox.take('reading', { maxRecords: 4, maxBytes: 100 })).toBeNull();
      expect(await outbox.oldest('prealert')).toBeNull();
      expect(outbox.gaps()).toEqual([]);
    });

    it('changes nothing by giving a batch', async () => {
      await appendReadings(3);
      const before = outbox.stats();

      const first = await outbox.take('reading', { maxRecords: 2, maxBytes: 1_000 });
      const second = await outbox.take('reading', { maxRecords: 2, maxBytes: 1_000 });

      expect(second).toEqual(first);
      expect(await outbox.oldest('reading')).toMatchObject(at(1));
      expect(outbox.stats()).toEqual(before);
    });

    it('forgets what was accepted and counts it as delivered', async () => {
      await appendReadings(5);

      await acceptUpTo(outbox, 'reading', 3);

      expect(seqs(await waitingIn(outbox, 'reading'))).toEqual([4, 5]);
      expect(outbox.stats()).toMatchObject({
        totals: { accepted: 5, delivered: 3, setAside: 0, givenUp: 0 },
        lanes: { reading: { waiting: 2, oldest: at(4), nextSeq: 6 } },
      });
    });

    it('accepts a part of a batch, and nothing of it twice', async () => {
      await appendReadings(5);
      const batch = await outbox.take('reading', { maxRecords: 5, maxBytes: 1_000_000 });
      if (batch === null) throw new Error('nothing waits');

      await outbox.accept(batch.first(2));
      await outbox.accept(batch.first(2));
      expect(seqs(await waitingIn(outbox, 'reading'))).toEqual([3, 4, 5]);
      await outbox.accept(batch);

      expect(outbox.stats().totals.delivered).toBe(5);
      expect(outbox.stats().lanes.reading).toMatchObject({ waiting: 0, waitingBytes: 0, oldest: null });
    });

    it('goes on counting where it was after a restart, also when nothing waits', async () => {
      await appendReadings(3);
      await acceptUpTo(outbox, 'reading', 3);
      const preAlert = await outbox.append('prealert', 'p');
      const { totals } = outbox.stats();

      outbox = await harness.reopen();

      expect(outbox.stats()).toMatchObject({
        totals,
        lanes: { reading: { waiting: 0 }, prealert: { waiting: 1, oldest: idOf(preAlert) } },
      });
      expect(await outbox.append('reading', 'next')).toMatchObject(at(1));
    });

    it('loses nothing that was accepted when the process is killed', async () => {
      await appendReadings(3);
      await acceptUpTo(outbox, 'reading', 1);
      await appendReadings(2);

      outbox = await harness.kill();

      const records = await waitingIn(outbox, 'reading');
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

    it('dead-letters the oldest record, and names a reading in a gap', async () => {
      await appendReadings(4);

      await deadLetterOldest(outbox, 'reading', 'payload too large');
      await deadLetterOldest(outbox, 'reading', 'payload too large');

      expect(seqs(await waitingIn(outbox, 'reading'))).toEqual([3, 4]);
      expect(outbox.gaps()).toEqual([
        {
          epoch: outbox.epoch,
          fromseq: 1,
          toseq: 2,
          count: 2,
          reason: 'refused',
          from: instantAt(0),
          to: instantAt(1),
          previous: null,
        },
      ] satisfies Gap[]);
      expect(outbox.stats().totals).toEqual({ accepted: 4, delivered: 0, setAside: 2, givenUp: 0 });
    });

    it('dead-letters nothing but one record', async () => {
      await appendReadings(2);
      const batch = await outbox.take('reading', { maxRecords: 2, maxBytes: 1_000 });
      if (batch === null) throw new Error('nothing waits');

      await expect(outbox.deadLetter(batch, 'refused')).rejects.toThrow(RangeError);
    });

    it('dead-letters pre-alerts without a gap', async () => {
      await outbox.append('prealert', 'p');

      await deadLetterOldest(outbox, 'prealert', 'refused');

      expect(outbox.gaps()).toEqual([]);
      expect(outbox.stats().totals).toEqual({ accepted: 1, delivered: 0, setAside: 1, givenUp: 0 });
    });

    it('forgets a gap that was accepted, also across a restart', async () => {
      await appendReadings(3);
      await deadLetterOldest(outbox, 'reading', 'refused');
      await acceptUpTo(outbox, 'reading', 1);
      await deadLetterOldest(outbox, 'reading', 'refused');
      const [first] = outbox.gaps();
      if (first === undefined) throw new Error('no gap waits');

      await outbox.acceptGap(first);
      outbox = await harness.reopen();

      expect(outbox.gaps()).toMatchObject([{ fromseq: 3, toseq: 3, count: 1, reason: 'refused' }]);
      expect(outbox.stats().lanes.gap.waiting).toBe(1);
    });

    it('drops the oldest readings when it is full, and names them in one gap', async () => {
      outbox = await harness.reopen(4_000);
      await outbox.append('prealert', 'kept');
      for (let index = 0; index < 100; index += 1)
        await outbox.append('reading', { at: instantAt(index), pad: 'x'.repeat(100) });

      const readings = await waitingIn(outbox, 'reading');

      const first = readings[0]?.seq ?? 0;
      expect(first).toBeGreaterThan(80);
      expect(seqs(readings)).toEqual(Array.from({ length: 101 - first }, (_, index) => first + index));
      expect(outbox.gaps()).toEqual([
        {
          epoch: outbox.epoch,
          fromseq: 1,
          toseq: first - 1,
          count: first - 1,
          reason: 'full',
          from: instantAt(0),
          to: instantAt(first - 2),
          previous: null,
        },
      ] satisfies Gap[]);
      expect((await waitingIn(outbox, 'prealert')).length).toBe(1);
      expect(outbox.stats().totals.givenUp).toBe(first - 1);
    });

    it('keeps what a gap has grown by while it was on its way', async () => {
      outbox = await harness.reopen(4_000);
      const fill = async (): Promise<void> => {
        for (let index = 0; index < 30; index += 1) await outbox.append('reading', 'x'.repeat(100));
      };
      await fill();
      const [taken] = outbox.gaps();
      if (taken === undefined) throw new Error('no gap waits');
      await fill();
      await outbox.acceptGap(taken);

      const [rest, ...more] = outbox.gaps();

      expect([rest, more]).toMatchObject([{ fromseq: taken.toseq + 1, from: null, previous: null }, []]);
      expect(taken.count + (rest?.count ?? 0)).toBe(outbox.stats().totals.givenUp);
    });

    it('drops the oldest pre-alerts when no reading is left to drop', async () => {
      outbox = await harness.reopen(4_000);
      for (let index = 0; index < 40; index += 1) await outbox.append('prealert', 'x'.repeat(100));

      const kept = await waitingIn(outbox, 'prealert');

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

    it('keeps in memory what a full disk does not take, gives it, and writes it once there is room', async () => {
      await appendReadings(2);
      harness.setFull(true);
      const held = await outbox.append('reading', 'held', { tips: 7 });
      await outbox.append('prealert', 'p');
      expect(held).toEqual({ ...at(3), isStored: false });
      expect(seqs(await waitingIn(outbox, 'reading'))).toEqual([1, 2, 3]);
      expect(await outbox.getState('tips')).toBe(7);
      await acceptUpTo(outbox, 'reading', 2);
      await acceptUpTo(outbox, 'prealert', 1);
      harness.setFull(false);
      expect(await outbox.append('reading', 'stored')).toEqual({ ...at(4), isStored: true });

      outbox = await harness.kill();

      expect(await waitingIn(outbox, 'reading')).toMatchObject([{ body: 'held' }, { body: 'stored' }]);
      expect(await outbox.getState('tips')).toBe(7);
      expect(outbox.stats().totals).toEqual({ accepted: 5, delivered: 3, setAside: 0, givenUp: 0 });
    });

    it('writes at a stop what a full disk did not take, if there is room by then', async () => {
      harness.setFull(true);
      const held = await outbox.append('reading', 'held');
      harness.setFull(false);

      outbox = await harness.reopen();

      expect(await waitingIn(outbox, 'reading')).toEqual([{ ...idOf(held), body: 'held' }]);
      expect(outbox.gaps()).toEqual([]);
    });

    it('keeps no more than so much in memory, and goes on where it was', async () => {
      harness.setFull(true);
      let kept = 0;
      const append = async (): Promise<void> => {
        const group = Array.from({ length: 50 }, () => 'x');
        for (;;) {
          const appended = await Promise.all(group.map((body) => outbox.append('reading', body)));
          kept = appended.at(-1)?.seq ?? 0;
        }
      };
      await expect(append()).rejects.toThrow(StorageFullError);
      harness.setFull(false);

      expect(kept).toBeGreaterThan(500);
      expect(await outbox.append('reading', 'next')).toEqual({ ...at(kept + 1), isStored: true });
    });

    it('goes on draining while the disk is full, and remembers it once there is room', async () => {
      await appendReadings(4);
      harness.setFull(true);
      await acceptUpTo(outbox, 'reading', 2);
      expect(seqs(await waitingIn(outbox, 'reading'))).toEqual([3, 4]);
      harness.setFull(false);
      await outbox.append('reading', 'next');

      outbox = await harness.kill();

      expect(seqs(await waitingIn(outbox, 'reading'))).toEqual([3, 4, 5]);
      expect(outbox.stats().totals).toEqual({ accepted: 5, delivered: 2, setAside: 0, givenUp: 0 });
    });
  });
};
