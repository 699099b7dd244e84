/** `reading` and `prealert` bodies are the caller's; `gap` records are written by the outbox itself. */
export const lanes = ['reading', 'prealert', 'gap'] as const;
export type Lane = (typeof lanes)[number];

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** Names one record of a lane for ever: `seq` counts from 1 with no hole within an epoch. */
export type Position = { readonly epoch: string; readonly seq: number };

export type OutboxRecord = Position & { readonly body: JsonValue };

export type StateChanges = Readonly<Record<string, JsonValue>>;

export type PeekLimit = {
  readonly maxRecords: number;
  /** Sum of the bodies' JSON bytes; at least one record is returned however large it is. */
  readonly maxBytes: number;
  /** Start behind this record instead of at the head. */
  readonly after?: Position;
};

export type LaneStats = {
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly oldest: Position | null;
  readonly nextSeq: number;
};

export type OutboxStats = {
  readonly epoch: string;
  readonly lanes: Readonly<Record<Lane, LaneStats>>;
  /** Since this store's life began, kept across restarts. */
  readonly totals: {
    readonly accepted: number;
    readonly delivered: number;
    readonly setAside: number;
    readonly givenUp: number;
  };
};

/**
 * The durable queue between sensors and network. A call that changes something resolves once the change is
 * synced to disk, except `acknowledge`: losing one at a power cut costs a duplicate, never a reading.
 */
export type Outbox = {
  readonly epoch: string;
  /** `state` is written in the same atomic commit as the record. Rejects with `StorageFullError` when the disk is. */
  append(lane: 'reading' | 'prealert', body: JsonValue, state?: StateChanges): Promise<Position>;
  /** Oldest first across epochs. A record whose checksum fails is never returned: it becomes a gap. */
  peek(lane: Lane, limit: PeekLimit): Promise<OutboxRecord[]>;
  /** Forgets every record of the lane up to and including this one. */
  acknowledge(lane: Lane, upTo: Position): Promise<void>;
  /** Takes one record that can never be sent out of its lane, keeps it for `outbox peek`, and counts it. */
  setAside(lane: Lane, position: Position, reason: string): Promise<void>;
  getState(key: string): Promise<JsonValue | undefined>;
  putState(changes: StateChanges): Promise<void>;
  stats(): OutboxStats;
  close(): Promise<void>;
};
