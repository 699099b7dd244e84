import { z } from 'zod';
import { type Lane, type LaneStats, lanes, type OutboxStats } from './outbox.ts';
import { type EpochKey, epochOf, isBefore, type Place } from './place.ts';
import { seal, unseal } from './sealed.ts';

const amountSchema = z.strictObject({ count: z.int().min(0), bytes: z.int().min(0) });
const placeSchema = z.strictObject({ epoch: z.string(), seq: z.int().min(1) });
const laneSchema = z.strictObject({
  /** Nothing before it waits. Remembered, since seeking it would walk over everything deleted before it. */
  head: placeSchema,
  /** Entries from here to `head` may still lie on the disk. */
  cleared: placeSchema,
  /** The next record of the current epoch. */
  nextSeq: z.int().min(1),
  /** Since the store's life began; what waits is `accepted - removed`. */
  accepted: amountSchema,
  removed: amountSchema,
});
const lastSeqSchema = z.strictObject({ reading: z.int(), prealert: z.int(), gap: z.int() });

const ledgerSchema = z.strictObject({
  epoch: z.string(),
  /** Epochs before the current one, with the last place of each lane, as long as any of their records wait. */
  earlier: z.array(z.strictObject({ epoch: z.string(), lastSeq: lastSeqSchema })),
  lanes: z.strictObject({ reading: laneSchema, prealert: laneSchema, gap: laneSchema }),
  /** The oldest reading that a waiting gap tells of; what a damaged gap told of lies between it and the head. */
  untold: placeSchema.nullable(),
  aside: z.strictObject({ nextSeq: z.int().min(1) }),
  totals: z.strictObject({ delivered: z.int(), setAside: z.int(), givenUp: z.int() }),
});

export type Amount = Readonly<z.infer<typeof amountSchema>>;
export type LaneLedger = Readonly<z.infer<typeof laneSchema>>;
export type Ledger = Readonly<z.infer<typeof ledgerSchema>>;

export const LEDGER_KEY = 'outbox/ledger';

export const encodeLedger = (ledger: Ledger): string => seal(LEDGER_KEY, JSON.stringify(ledger));

/** `null` when it is damaged. */
export const decodeLedger = (value: string): Ledger | null => {
  const text = unseal(LEDGER_KEY, value);
  return text === null ? null : ledgerSchema.parse(JSON.parse(text));
};

export const add = (left: Amount, right: Amount): Amount => ({
  count: left.count + right.count,
  bytes: left.bytes + right.bytes,
});

export const nothing: Amount = { count: 0, bytes: 0 };

const emptyLane = (epoch: EpochKey): LaneLedger => ({
  head: { epoch, seq: 1 },
  cleared: { epoch, seq: 1 },
  nextSeq: 1,
  accepted: nothing,
  removed: nothing,
});

export const emptyLedger = (epoch: EpochKey): Ledger => ({
  epoch,
  earlier: [],
  lanes: { reading: emptyLane(epoch), prealert: emptyLane(epoch), gap: emptyLane(epoch) },
  untold: null,
  aside: { nextSeq: 1 },
  totals: { delivered: 0, setAside: 0, givenUp: 0 },
});

export const withLane = (ledger: Ledger, lane: Lane, changes: Partial<LaneLedger>): Ledger => ({
  ...ledger,
  lanes: { ...ledger.lanes, [lane]: { ...ledger.lanes[lane], ...changes } },
});

export const waitingOf = ({ accepted, removed }: LaneLedger): Amount => ({
  count: accepted.count - removed.count,
  bytes: Math.max(0, accepted.bytes - removed.bytes),
});

export const waitingBytes = (ledger: Ledger): number =>
  lanes.reduce((sum, lane) => sum + waitingOf(ledger.lanes[lane]).bytes, 0);

/** The epochs of a lane in order, each with the last place that was given to a record. */
const epochsOf = (ledger: Ledger, lane: Lane): readonly Place[] => [
  ...ledger.earlier.map(({ epoch, lastSeq }) => ({ epoch, seq: lastSeq[lane] })),
  { epoch: ledger.epoch, seq: ledger.lanes[lane].nextSeq - 1 },
];

/** The place a record would have next after this one: the next of its epoch or the first of the next epoch. */
export const placeAfter = (ledger: Ledger, lane: Lane, { epoch, seq }: Place): Place => {
  const later = epochsOf(ledger, lane).filter((last) => last.epoch >= epoch);
  const [own] = later;
  if (own?.epoch === epoch && (seq < own.seq || epoch === ledger.epoch)) return { epoch, seq: seq + 1 };
  const next = later.find((last) => last.epoch > epoch && (last.seq > 0 || last.epoch === ledger.epoch));
  return { epoch: next?.epoch ?? ledger.epoch, seq: 1 };
};

/** Whether a record was ever given this place. */
export const wasGiven = (ledger: Ledger, lane: Lane, { epoch, seq }: Place): boolean =>
  epochsOf(ledger, lane).some((last) => last.epoch === epoch && seq >= 1 && seq <= last.seq);

/** The place that the next record of this lane will have. */
export const endOf = (ledger: Ledger, lane: Lane): Place => ({
  epoch: ledger.epoch,
  seq: ledger.lanes[lane].nextSeq,
});

/** Places from `from` up to and without `until`, one stretch for each epoch. */
export const stretches = (
  ledger: Ledger,
  lane: Lane,
  [from, until]: readonly [Place, Place],
): readonly { readonly epoch: EpochKey; readonly from: number; readonly to: number }[] =>
  epochsOf(ledger, lane)
    .filter(({ epoch }) => epoch >= from.epoch && epoch <= until.epoch)
    .map(({ epoch, seq }) => ({
      epoch,
      from: epoch === from.epoch ? from.seq : 1,
      to: epoch === until.epoch ? until.seq - 1 : seq,
    }))
    .filter((stretch) => stretch.from <= stretch.to);

/** Epochs of which nothing waits in any lane are forgotten. */
export const forgetDrained = (ledger: Ledger): Ledger => ({
  ...ledger,
  earlier: ledger.earlier.filter(({ epoch }) => lanes.some((lane) => ledger.lanes[lane].head.epoch <= epoch)),
});

/** The key of the epoch that the cloud knows by this name, when anything of it is left. */
export const epochNamed = (ledger: Ledger, epoch: string): EpochKey | undefined =>
  [...ledger.earlier.map((earlier) => earlier.epoch), ledger.epoch].find((key) => epochOf(key) === epoch);

const laneStats = (ledger: Ledger, lane: Lane): LaneStats => {
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

/** Gap records are the outbox's own and no part of the totals. */
export const statsOf = (ledger: Ledger): OutboxStats => ({
  epoch: epochOf(ledger.epoch),
  lanes: {
    reading: laneStats(ledger, 'reading'),
    prealert: laneStats(ledger, 'prealert'),
    gap: laneStats(ledger, 'gap'),
  },
  totals: {
    accepted: ledger.lanes.reading.accepted.count + ledger.lanes.prealert.accepted.count,
    ...ledger.totals,
  },
});
