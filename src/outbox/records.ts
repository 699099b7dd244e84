import { z } from 'zod';
import type { Instant } from '../weather/reading.ts';

/** Lanes whose records lie on the disk one by one, each under its own number. */
export const recordLanes = ['reading', 'prealert'] as const;
export type RecordLane = (typeof recordLanes)[number];

/** `gap`: which readings were dropped, as ranges. The outbox writes them itself. */
export const lanes = [...recordLanes, 'gap'] as const;
export type Lane = (typeof lanes)[number];

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Names one record of a lane: `seq` counts from 1 with no hole within an epoch. No name is ever used twice. */
export type RecordId = { readonly epoch: string; readonly seq: number };

export type OutboxRecord = RecordId & {
  readonly body: JsonValue;
  /** For the first reading of an epoch: the newest reading before that, where there was one. */
  readonly previous?: RecordId;
};

/**
 * What must outlive the process, by key. Where a run began without its state, since the disk was full, what it kept is
 * joined with the state of the run before: numbers are counts and add up, lists follow each other, the rest is replaced.
 */
export type StateChanges = Readonly<Record<string, JsonValue>>;

export type BatchLimit = {
  readonly maxRecords: number;
  /** Sum of the bodies' JSON bytes; a batch holds at least one record however large it is. */
  readonly maxBytes: number;
};

type LaneStats = {
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly oldest: RecordId | null;
};

export type RecordLaneStats = LaneStats & {
  /** What the next record of the current epoch will be numbered. */
  readonly nextSeq: number;
};

export type OutboxStats = {
  readonly epoch: string;
  readonly lanes: {
    readonly reading: RecordLaneStats;
    readonly prealert: RecordLaneStats;
    readonly gap: LaneStats;
  };
  /** Readings and pre-alerts since this store's life began, kept across restarts. */
  readonly totals: {
    readonly accepted: number;
    readonly delivered: number;
    /** Dead-lettered. */
    readonly setAside: number;
    /** Dropped. */
    readonly givenUp: number;
  };
};

const instantSchema = z.object({
  bootId: z.string(),
  monotonicMs: z.number(),
  wallMs: z.number(),
  synchronized: z.boolean(),
});

/**
 * A range of readings that will never be sent.
 * `count` may be less than `toseq - fromseq + 1`: readings in between may have left in another way.
 */
export const gapSchema = z.object({
  epoch: z.string(),
  fromseq: z.int(),
  toseq: z.int(),
  count: z.int(),
  reason: z.enum(['full', 'damaged', 'refused']),
  /** When the first and the last of them were taken; `null` where that is not known. */
  from: instantSchema.nullable(),
  to: instantSchema.nullable(),
  /** For a range that begins an epoch: the newest reading before that, where there was one. */
  previous: z.object({ epoch: z.string(), seq: z.int() }).nullable().default(null),
});

export type Gap = Readonly<z.infer<typeof gapSchema>>;

/** When the record with this body was taken, or `null` when the body does not tell. */
export type TimeOf = (body: JsonValue) => Instant | null;

/** Unsent ranges that are kept apart; beyond that the oldest ones of an epoch become one. */
const MAX_GAPS = 64;

const join = (earlier: Gap, later: Gap): Gap => ({
  ...earlier,
  toseq: Math.max(earlier.toseq, later.toseq),
  count: earlier.count + later.count,
  to: later.to,
  // `damaged` explains nothing by itself: a receiver looks up which of the range it has.
  reason: earlier.reason === later.reason ? earlier.reason : 'damaged',
});

const joinOldest = (gaps: readonly Gap[]): readonly Gap[] => {
  const index = gaps.findIndex((gap, position) => gaps[position + 1]?.epoch === gap.epoch);
  const [earlier, later] = gaps.slice(index, index + 2);
  return index === -1 || earlier === undefined || later === undefined
    ? gaps
    : [...gaps.slice(0, index), join(earlier, later), ...gaps.slice(index + 2)];
};

/** Extends the newest range where it can: a station that is full for months has one and not a million. */
export const addGap = (gaps: readonly Gap[], gap: Gap): readonly Gap[] => {
  const newest = gaps.at(-1);
  const isNext =
    newest?.epoch === gap.epoch && newest.reason === gap.reason && newest.toseq + 1 === gap.fromseq;
  if (newest !== undefined && isNext) return [...gaps.slice(0, -1), join(newest, gap)];
  const added = [...gaps, gap];
  return added.length > MAX_GAPS ? joinOldest(added) : added;
};

/** Takes away what was sent; what the range has grown by since is kept. */
export const removeGap = (gaps: readonly Gap[], sent: Gap): readonly Gap[] =>
  gaps.flatMap((gap) => {
    if (gap.epoch !== sent.epoch || gap.fromseq !== sent.fromseq) return [gap];
    if (gap.toseq <= sent.toseq) return [];
    return [{ ...gap, fromseq: sent.toseq + 1, count: gap.count - sent.count, from: null, previous: null }];
  });
