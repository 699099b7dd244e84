import type { Clock } from '../time/clock.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';
import { BACKLOG_MAX_BYTES, BACKLOG_MAX_READINGS } from '../weather/message.ts';
import type { Stamp } from '../weather/reading.ts';

/** Long enough for any NTP client's first answer. */
const HOLD_MS = 60_000;

/**
 * A clock that was never set is set within seconds of the network's coming, where NTP gets through at all: for
 * that long after the first connection readings wait for their `corrected` date. Then they go as `estimated`,
 * because a network may never have NTP.
 */
export class ClockHold {
  readonly #clock: Clock;
  readonly #timeKeeper: Pick<TimeKeeper, 'status'>;
  #untilMs: number | undefined;

  constructor(clock: Clock, timeKeeper: Pick<TimeKeeper, 'status'>) {
    this.#clock = clock;
    this.#timeKeeper = timeKeeper;
  }

  noteConnected(): void {
    this.#untilMs ??= this.#clock.monotonicMs() + HOLD_MS;
  }

  isHeld(stamp: Stamp): boolean {
    if (stamp.timequality !== 'estimated' || this.#timeKeeper.status().isSynchronized) return false;
    return this.#untilMs === undefined || this.#clock.monotonicMs() < this.#untilMs;
  }
}

type WaitingLane = {
  readonly waiting: number;
  readonly waitingBytes: number;
  /** Of the next record that is appended. */
  readonly nextSeq: number;
};

/**
 * When waiting readings leave: at once, or together `sendSeconds` after the first of them at the latest, sooner when a
 * message is full. Once they are due, all that wait by then are sent.
 */
export class SendSchedule {
  readonly #clock: Clock;
  readonly #sendMs: number;
  /** Those that wait when the daemon starts have waited enough. */
  #dueAtMs: number | null = Number.NEGATIVE_INFINITY;
  /** The first reading that came too late to leave with those that are due. */
  #lateSeq: number | null = null;

  constructor(clock: Clock, sendSeconds: number) {
    this.#clock = clock;
    this.#sendMs = sendSeconds * 1_000;
  }

  /** How long the readings still wait, ms; 0 when they are due. */
  remainingMs({ waiting, waitingBytes, nextSeq }: WaitingLane): number {
    if (this.#sendMs === 0) return 0;
    const isSent = this.#lateSeq !== null && waiting <= nextSeq - this.#lateSeq;
    if (waiting === 0 || isSent) {
      this.#dueAtMs = null;
      this.#lateSeq = null;
    }
    if (waiting === 0) return 0;
    const nowMs = this.#clock.monotonicMs();
    this.#dueAtMs ??= nowMs + this.#sendMs;
    if (waiting >= BACKLOG_MAX_READINGS || waitingBytes >= BACKLOG_MAX_BYTES) this.#dueAtMs = nowMs;
    if (this.#dueAtMs > nowMs) return this.#dueAtMs - nowMs;
    this.#lateSeq ??= nextSeq;
    return 0;
  }
}

const FIRST_BYTES = 16_000;
/** A packet of any network, for a link that answers the first short message slowly: what passes in so long. */
const MIN_FIRST_BYTES = 1_000;
const FIRST_MS = 300;
/** Readings that are collected on purpose are to leave in one message. */
const FIRST_COLLECTED_BYTES = 60_000;
/** One reading. */
const MIN_BYTES = 300;
/** Larger messages gain nothing where this one took so long. */
const SLOW_MS = 2_000;
/** Connected, something on its way, and no answer: the connection is dead whatever TCP says. */
const STALL_MS = 30_000;
/** A larger message than any before is a question to the path: the answer is awaited for less long. */
const MIN_STALL_MS = 5_000;
const STALL_FACTOR = 3;
/** A size that failed and one that passed are near each other. */
const NEAR = 1.2;
/** Readings differ in size: a message a little larger than one that passed is taken for the same. */
const SPREAD = 1.25;
/** How long no size between the one that passed and the one that failed is tried; doubled by each probe that fails. */
const PROBE_AFTER_MS = 180_000;
const MAX_PROBE_AFTER_MS = 21_600_000;

/**
 * How much the next message may carry. Bytes follow the link: doubled while acknowledgements come soon, less when none
 * comes. A path that carries only small messages swallows the larger ones, each at the cost of a connection: a size that
 * failed before it ever passed is remembered at once, messages stay at the size that passed, and a size between the two
 * is tried rarely. Records follow refusals: a refused batch is halved until the one reading that cannot be sent is found.
 */
export class BatchLimit {
  readonly #clock: Clock;
  readonly #isCollecting: boolean;
  #maxBytes: number;
  /** The largest message that was acknowledged, and how fast the last one was. */
  #provenBytes = 0;
  #bytesPerMs = Number.POSITIVE_INFINITY;
  /** The smallest size that failed. */
  #failedBytes = Number.POSITIVE_INFINITY;
  #probeAtMs = 0;
  #probeAfterMs = PROBE_AFTER_MS;
  /** Nothing was acknowledged since a size failed. */
  #isFailureFresh = false;
  /** The size that was on its way, larger than any before, when a connection broke. */
  #brokenBytes = Number.POSITIVE_INFINITY;
  /** Of the records at the head, how many were in a batch that was refused as a whole. */
  #suspects = 0;

  constructor(clock: Clock, isCollecting = false) {
    this.#clock = clock;
    this.#isCollecting = isCollecting;
    this.#maxBytes = isCollecting ? FIRST_COLLECTED_BYTES : FIRST_BYTES;
  }

  maxBytes(): number {
    return this.#maxBytes;
  }

  maxRecords(): number {
    return this.#suspects === 0 ? BACKLOG_MAX_READINGS : Math.max(1, Math.floor(this.#suspects / 2));
  }

  /** How long an acknowledgement is awaited. */
  stallMs(bytes: number): number {
    if (bytes <= this.#provenBytes) return STALL_MS;
    return Math.min(STALL_MS, Math.max(MIN_STALL_MS, (STALL_FACTOR * bytes) / this.#bytesPerMs));
  }

  /** A message of any kind was acknowledged. */
  noteRate(bytes: number, pubackMs: number): void {
    if (bytes > this.#provenBytes * SPREAD) this.#probeAfterMs = PROBE_AFTER_MS;
    this.#provenBytes = Math.max(this.#provenBytes, bytes);
    const isFirst = this.#bytesPerMs === Number.POSITIVE_INFINITY;
    this.#bytesPerMs = bytes / Math.max(1, pubackMs);
    if (isFirst && !this.#isCollecting)
      this.#maxBytes = Math.min(this.#maxBytes, Math.max(MIN_FIRST_BYTES, this.#bytesPerMs * FIRST_MS));
    this.#isFailureFresh = false;
  }

  /** A message of `count` readings and so many bytes was acknowledged; a short one says nothing of a full one. */
  noteAcknowledged(count: number, bytes: number, pubackMs: number): void {
    this.#suspects = Math.max(0, this.#suspects - count);
    if (pubackMs > SLOW_MS || bytes < this.#maxBytes / 2) return;
    const larger = Math.min(BACKLOG_MAX_BYTES, this.#maxBytes * 2);
    if (larger < this.#failedBytes) this.#maxBytes = larger;
    else if (this.#clock.monotonicMs() >= this.#probeAtMs) this.#probe(larger);
  }

  /** A message of so many bytes had no acknowledgement on a connection that was up. */
  noteStalled(bytes: number): void {
    if (bytes > this.#provenBytes) {
      this.#noteFailed(bytes);
      return;
    }
    // It passed before, so the link has become slower, or another one.
    this.#provenBytes = Math.floor(bytes / 4);
    this.#maxBytes = Math.max(MIN_BYTES, this.#provenBytes);
  }

  /** The connection broke meanwhile, which says little of the size, unless the same happens to it again. */
  noteBroken(bytes: number): void {
    if (bytes > this.#provenBytes && bytes >= this.#brokenBytes) this.#noteFailed(bytes);
    else this.#maxBytes = Math.max(MIN_BYTES, Math.floor(this.#maxBytes / 2));
    this.#brokenBytes = bytes > this.#provenBytes ? bytes : Number.POSITIVE_INFINITY;
  }

  /** No connection could be made. If a message stalled just before, the network was away, and its size is not to blame. */
  noteUnreachable(): void {
    if (!this.#isFailureFresh) return;
    this.#isFailureFresh = false;
    this.#failedBytes = Number.POSITIVE_INFINITY;
    this.#probeAfterMs = PROBE_AFTER_MS;
  }

  /** For good, that is. */
  noteRefused(count: number): void {
    this.#suspects = count;
  }

  noteDeadLettered(): void {
    this.#suspects = 0;
  }

  #noteFailed(bytes: number): void {
    this.#failedBytes = bytes;
    this.#isFailureFresh = true;
    this.#probeAtMs = this.#clock.monotonicMs() + this.#probeAfterMs;
    this.#probeAfterMs = Math.min(MAX_PROBE_AFTER_MS, this.#probeAfterMs * 2);
    this.#maxBytes = Math.max(MIN_BYTES, Math.floor(Math.min(this.#provenBytes * SPREAD, bytes / 2)));
  }

  /** A size between the one that passed and the one that failed; where these are near each other, a larger one. */
  #probe(larger: number): void {
    if (this.#failedBytes > this.#maxBytes * NEAR)
      this.#maxBytes = Math.floor(Math.sqrt(this.#maxBytes * this.#failedBytes));
    else {
      this.#failedBytes = Number.POSITIVE_INFINITY;
      this.#maxBytes = larger;
    }
  }
}
