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

export type LaneStats = {
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
