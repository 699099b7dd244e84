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

export type WaitingLane = {
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
