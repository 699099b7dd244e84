import { z } from 'zod';
import {
  gapSchema,
  type OutboxStats,
  type RecordId,
  type RecordLane,
  type RecordLaneStats,
  recordLanes,
} from './records.ts';
import {
  type EpochKey,
  epochOf,
  isBefore,
  type KeySpan,
  type RecordKey,
  recordBytes,
} from './stored-record.ts';

// Not strict: the next release may keep more, and this one must still open its store.
const amountSchema = z.object({ count: z.int().min(0), bytes: z.int().min(0) });
/** The newest reading before the epoch; `null` for the first epoch of a store. */
const previousSchema = gapSchema.shape.previous;
const laneSchema = z.object({
  /** Nothing before it waits. Remembered, since seeking it would walk over everything deleted before it. */
  head: z.object({ epoch: z.string(), seq: z.int().min(1) }),
  /** The next record of the current epoch. */
  nextSeq: z.int().min(1),
  /** Since the store's life began; what waits is `accepted - removed`. */
  accepted: amountSchema,
  removed: amountSchema,
});

export const ledgerSchema = z.object({
  epoch: z.string(),
  previous: previousSchema,
  /** Epochs before the current one, with the last number of each lane, as long as any of their records wait. */
  earlier: z.array(
    z.object({
      epoch: z.string(),
      previous: previousSchema,
      lastSeq: z.object({ reading: z.int(), prealert: z.int() }),
    }),
  ),
  lanes: z.object({ reading: laneSchema, prealert: laneSchema }),
  /** Dropped readings that no gap message has reported yet, oldest first. */
  gaps: z.array(gapSchema).readonly().default([]),
  aside: z.object({ nextSeq: z.int().min(1) }),
  totals: z.object({ delivered: z.int(), setAside: z.int(), givenUp: z.int() }),
});

export type Amount = Readonly<z.infer<typeof amountSchema>>;
type LaneLedger = Readonly<z.infer<typeof laneSchema>>;
/** What the outbox knows of itself. */
export type Ledger = Readonly<z.infer<typeof ledgerSchema>>;

export const add = (left: Amount, right: Amount): Amount => ({
  count: left.count + right.count,
  bytes: left.bytes + right.bytes,
});

const nothing: Amount = { count: 0, bytes: 0 };

export const emptyLane = (epoch: EpochKey): LaneLedger => ({
  head: { epoch, seq: 1 },
  nextSeq: 1,
  accepted: nothing,
  removed: nothing,
});

export const emptyLedger = (epoch: EpochKey): Ledger => ({
  epoch,
  previous: null,
  earlier: [],
  lanes: { reading: emptyLane(epoch), prealert: emptyLane(epoch) },
  gaps: [],
  aside: { nextSeq: 1 },
  totals: { delivered: 0, setAside: 0, givenUp: 0 },
});

export const withLane = (ledger: Ledger, lane: RecordLane, changes: Partial<LaneLedger>): Ledger => ({
  ...ledger,
  lanes: { ...ledger.lanes, [lane]: { ...ledger.lanes[lane], ...changes } },
});

export const waitingOf = ({ accepted, removed }: LaneLedger): Amount => ({
  count: accepted.count - removed.count,
  bytes: Math.max(0, accepted.bytes - removed.bytes),
});

const gapBytes = ({ gaps }: Ledger): number => (gaps.length === 0 ? 0 : recordBytes(JSON.stringify(gaps)));

export const waitingBytes = (ledger: Ledger): number =>
  recordLanes.reduce((sum, lane) => sum + waitingOf(ledger.lanes[lane]).bytes, gapBytes(ledger));

/** The number of the newest record of an epoch; 0 where the lane has none. */
const lastSeqOf = (ledger: Ledger, lane: RecordLane, epoch: EpochKey): number =>
  epoch === ledger.epoch
    ? ledger.lanes[lane].nextSeq - 1
    : (ledger.earlier.find((earlier) => earlier.epoch === epoch)?.lastSeq[lane] ?? 0);

/** The key a record would have next after this one: the next of its epoch or the first of the next epoch. */
export const keyAfter = (ledger: Ledger, lane: RecordLane, { epoch, seq }: RecordKey): RecordKey => {
  if (epoch === ledger.epoch || seq < lastSeqOf(ledger, lane, epoch)) return { epoch, seq: seq + 1 };
  const next = ledger.earlier.find((earlier) => earlier.epoch > epoch && earlier.lastSeq[lane] > 0);
  return { epoch: next?.epoch ?? ledger.epoch, seq: 1 };
};

/** The newest reading before an epoch, or `null` where that is not known. */
export const previousOf = (ledger: Ledger, epoch: EpochKey): RecordId | null =>
  epoch === ledger.epoch
    ? ledger.previous
    : (ledger.earlier.find((earlier) => earlier.epoch === epoch)?.previous ?? null);

/** Whether a record was ever given this key. */
export const wasGiven = (ledger: Ledger, lane: RecordLane, { epoch, seq }: RecordKey): boolean =>
  seq >= 1 && seq <= lastSeqOf(ledger, lane, epoch);

/** The key that the next record of this lane will have. */
export const endOf = (ledger: Ledger, lane: RecordLane): RecordKey => ({
  epoch: ledger.epoch,
  seq: ledger.lanes[lane].nextSeq,
});

type Stretch = { readonly epoch: EpochKey; readonly from: number; readonly to: number };

/** The numbers within a span, one stretch for each epoch, both ends included. */
export const stretchesOf = (ledger: Ledger, lane: RecordLane, { from, until }: KeySpan): readonly Stretch[] =>
  [...ledger.earlier.map(({ epoch }) => epoch), ledger.epoch]
    .filter((epoch) => epoch >= from.epoch && epoch <= until.epoch)
    .map((epoch) => ({
      epoch,
      from: epoch === from.epoch ? from.seq : 1,
      to: epoch === until.epoch ? until.seq - 1 : lastSeqOf(ledger, lane, epoch),
    }))
    .filter((stretch) => stretch.from <= stretch.to);

/** Epochs of which nothing waits in any lane are forgotten. */
export const forgetDrained = (ledger: Ledger): Ledger => ({
  ...ledger,
  earlier: ledger.earlier.filter(({ epoch }) =>
    recordLanes.some((lane) => ledger.lanes[lane].head.epoch <= epoch),
  ),
});

/** The newest reading that was accepted, as far as that is known. */
export const newestReading = ({ epoch, previous, lanes }: Ledger): RecordId | null =>
  lanes.reading.nextSeq === 1 ? previous : { epoch: epochOf(epoch), seq: lanes.reading.nextSeq - 1 };

/** What was accepted so far belongs to an earlier epoch from now on; numbers begin at 1 again. */
export const beginEpoch = (ledger: Ledger, begins: EpochKey): Ledger => {
  const { epoch, previous } = ledger;
  const lastSeq = {
    reading: ledger.lanes.reading.nextSeq - 1,
    prealert: ledger.lanes.prealert.nextSeq - 1,
  };
  const isEmpty = lastSeq.reading === 0 && lastSeq.prealert === 0;
  let begun: Ledger = {
    ...ledger,
    epoch: begins,
    previous: newestReading(ledger),
    earlier: isEmpty ? ledger.earlier : [...ledger.earlier, { epoch, previous, lastSeq }],
  };
  for (const lane of recordLanes) begun = withLane(begun, lane, { nextSeq: 1 });
  for (const lane of recordLanes) {
    const { head } = begun.lanes[lane];
    begun = withLane(begun, lane, { head: keyAfter(begun, lane, { ...head, seq: head.seq - 1 }) });
  }
  return forgetDrained(begun);
};

/** Whether it knows of records that the other one does not. */
export const isAhead = (ledger: Ledger, other: Ledger): boolean =>
  recordLanes.some((lane) => isBefore(endOf(other, lane), endOf(ledger, lane)));

const laneStats = (ledger: Ledger, lane: RecordLane): RecordLaneStats => {
  const { head, nextSeq } = ledger.lanes[lane];
  const waiting = waitingOf(ledger.lanes[lane]);
  const isAnyLeft = waiting.count > 0 && isBefore(head, endOf(ledger, lane));
  return {
    waiting: waiting.count,
    waitingBytes: waiting.bytes,
    oldest: isAnyLeft ? { epoch: epochOf(head.epoch), seq: head.seq } : null,
    nextSeq,
  };
};

export const statsOf = (ledger: Ledger): OutboxStats => {
  const [gap] = ledger.gaps;
  return {
    epoch: epochOf(ledger.epoch),
    lanes: {
      reading: laneStats(ledger, 'reading'),
      prealert: laneStats(ledger, 'prealert'),
      gap: {
        waiting: ledger.gaps.length,
        waitingBytes: gapBytes(ledger),
        oldest: gap === undefined ? null : { epoch: gap.epoch, seq: gap.fromseq },
      },
    },
    totals: {
      accepted: ledger.lanes.reading.accepted.count + ledger.lanes.prealert.accepted.count,
      ...ledger.totals,
    },
  };
};
