import type { Clock } from '../time/clock.ts';
import { BACKLOG_MAX_BYTES, BACKLOG_MAX_READINGS } from '../weather/message.ts';

const FIRST_BYTES = 16_000;
/** Of a link that has answered a short message slowly. */
const MIN_FIRST_BYTES = 4_000;
const FIRST_MS = 2_000;
/** Readings that are collected on purpose are to leave in one message. */
const FIRST_COLLECTED_BYTES = 60_000;
const MIN_BYTES = 1_000;
/** Larger messages gain nothing where this one took so long, and come near the time at which a connection counts as dead. */
const SLOW_MS = 5_000;
/** Connected, something on its way, and no answer: the connection is dead whatever TCP says. */
const STALL_MS = 30_000;
/** A larger message than any before is a question to the path: the answer is awaited for less long. */
const MIN_STALL_MS = 5_000;
const STALL_FACTOR = 3;
/** A size that failed and one that passed are near each other. */
const NEAR = 1.5;
/** How long a size that failed is not tried again. */
const PROBE_AFTER_MS = 1_800_000;
const MAX_PROBE_AFTER_MS = 21_600_000;

/**
 * How much the next message may carry. Bytes follow the link: doubled while acknowledgements come soon, a quarter when
 * none comes, so that a slow link still finishes a message before it counts as stalled. A path that carries only small
 * messages swallows the larger ones, each at the cost of a connection: a size that failed is remembered and tried again
 * rarely. Records follow refusals: a refused batch is halved until the one reading that cannot be sent is found.
 */
export class BatchLimit {
  readonly #clock: Clock;
  readonly #isCollecting: boolean;
  #maxBytes: number;
  /** The smallest size that failed. */
  #failedBytes = Number.POSITIVE_INFINITY;
  #probeAtMs = 0;
  /** The largest message that was acknowledged, and how fast the last one was. */
  #provenBytes = MIN_BYTES;
  #bytesPerMs = Number.POSITIVE_INFINITY;
  #probedAtMs = Number.NEGATIVE_INFINITY;
  #stalledAtMs = Number.NEGATIVE_INFINITY;
  #probeAfterMs = PROBE_AFTER_MS;
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
    this.#provenBytes = Math.max(this.#provenBytes, bytes);
    const isFirst = this.#bytesPerMs === Number.POSITIVE_INFINITY;
    this.#bytesPerMs = bytes / Math.max(1, pubackMs);
    // A few round trips more, where the link is slow only in answering.
    if (isFirst && !this.#isCollecting)
      this.#maxBytes = Math.min(this.#maxBytes, Math.max(MIN_FIRST_BYTES, this.#bytesPerMs * FIRST_MS));
  }

  noteAcknowledged(count: number, pubackMs: number): void {
    this.#suspects = Math.max(0, this.#suspects - count);
    if (pubackMs > SLOW_MS) return;
    const larger = Math.min(BACKLOG_MAX_BYTES, this.#maxBytes * 2);
    if (larger < this.#failedBytes) this.#maxBytes = larger;
    // Between what passed and what failed, until they are near each other.
    else if (this.#failedBytes > this.#maxBytes * NEAR)
      this.#maxBytes = Math.floor(Math.sqrt(this.#maxBytes * this.#failedBytes));
    else if (this.#clock.monotonicMs() >= this.#probeAtMs) {
      this.#failedBytes = Number.POSITIVE_INFINITY;
      this.#probedAtMs = this.#clock.monotonicMs();
      this.#maxBytes = larger;
    }
  }

  /** A message of so many bytes had no acknowledgement on a connection that was up. One such may be chance. */
  noteStalled(bytes: number): void {
    const nowMs = this.#clock.monotonicMs();
    const isRepeated =
      nowMs - this.#stalledAtMs < PROBE_AFTER_MS || nowMs - this.#probedAtMs < PROBE_AFTER_MS;
    this.#stalledAtMs = nowMs;
    if (isRepeated && bytes > MIN_BYTES) {
      const isProbe = nowMs - this.#probedAtMs < PROBE_AFTER_MS;
      this.#probeAfterMs = isProbe ? Math.min(MAX_PROBE_AFTER_MS, this.#probeAfterMs * 2) : PROBE_AFTER_MS;
      this.#failedBytes = bytes;
      this.#probeAtMs = nowMs + this.#probeAfterMs;
    }
    const quarter = Math.floor(Math.min(this.#maxBytes, bytes) / 4);
    this.#maxBytes = Math.max(
      MIN_BYTES,
      bytes > this.#provenBytes ? Math.max(quarter, this.#provenBytes) : quarter,
    );
  }

  /** The connection broke meanwhile, which says little of the size. */
  noteBroken(): void {
    this.#maxBytes = Math.max(MIN_BYTES, Math.floor(this.#maxBytes / 2));
  }

  /** For good, that is. */
  noteRefused(count: number): void {
    this.#suspects = count;
  }

  noteDeadLettered(): void {
    this.#suspects = 0;
  }
}
