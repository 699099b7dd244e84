import type { Clock } from '../time/clock.ts';
import type { LaneRefusal } from './lane-retry.ts';

/** What the station says of its own health. */
export type HealthReport = {
  readonly payload: string;
  /** What of it is told at once when it changes: states, and no numbers. */
  readonly states: string;
};

type HealthLaneParts = {
  readonly topic: string;
  readonly clock: Clock;
  /** `null`: there is nothing to tell yet. */
  readonly report: () => HealthReport | null;
};

const EVERY_MS = 15 * 60_000;
/** Something that flaps is told so often at most. */
const MIN_PAUSE_MS = 60_000;
const LOOK_EVERY_MS = 15_000;
const LOOK_EARLY_MS = 2_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** mosquitto 2.0.11 says so and closes the connection all the same. */
const NOT_AUTHORIZED = 0x87;

/**
 * When the message about the station's health goes. Only the newest one counts, so nothing of it is kept; it goes when
 * no lane has anything to send. A broker that does not allow it, or ends the connection because of it, as AWS IoT Core
 * does where the policy is older than this message, is not asked again for a day; one that refuses it, for an hour.
 */
export class HealthLane {
  readonly topic: string;
  readonly #clock: Clock;
  readonly #report: HealthLaneParts['report'];
  #notBeforeMs = 0;
  /** When it was last acknowledged, and what it said. */
  #told: { readonly atMs: number; readonly states: string } | null = null;
  #refusal: (Pick<LaneRefusal, 'reason' | 'attempts'> & { readonly sinceMs: number }) | null = null;

  constructor({ topic, clock, report }: HealthLaneParts) {
    this.topic = topic;
    this.#clock = clock;
    this.#report = report;
  }

  /** Until it is worth asking for the next message. */
  remainingMs(): number {
    return Math.max(0, this.#notBeforeMs - this.#clock.monotonicMs());
  }

  /** The message that is due; `null` when none is. */
  next(): HealthReport | null {
    if (this.remainingMs() > 0) return null;
    const report = this.#report();
    if (report === null) this.#wait(LOOK_EARLY_MS);
    else if (this.#isDue(report)) return report;
    else this.#wait(LOOK_EVERY_MS);
    return null;
  }

  /** Returns whether it had been refused. */
  noteSuccess({ states }: HealthReport): boolean {
    const wasRefused = this.#refusal !== null;
    this.#refusal = null;
    this.#told = { atMs: this.#clock.monotonicMs(), states };
    this.#wait(MIN_PAUSE_MS);
    return wasRefused;
  }

  /** No answer came; the connection may have ended by chance, or be slow. */
  noteUnacknowledged(isStalled: boolean): void {
    this.#wait(isStalled ? EVERY_MS : MIN_PAUSE_MS);
  }

  noteRefused(reason: string, reasonCode: number): void {
    this.#noteRefusal(reason);
    this.#wait(reasonCode === NOT_AUTHORIZED ? DAY_MS : HOUR_MS);
  }

  /** The connection ended as soon as the message was on its way. */
  noteEnded(reason: string): void {
    this.#noteRefusal(`the connection ends at this message: does the policy allow this topic? (${reason})`);
    this.#wait(DAY_MS);
  }

  /** `isReturn`: there was no link at all in between, so the network may have ended the last one. */
  noteConnected(isReturn: boolean): void {
    if (isReturn) this.#notBeforeMs = Math.min(this.#notBeforeMs, this.#clock.monotonicMs() + MIN_PAUSE_MS);
  }

  refusal(): LaneRefusal | null {
    if (this.#refusal === null) return null;
    const { sinceMs, reason, attempts } = this.#refusal;
    const sinceSeconds = (this.#clock.monotonicMs() - sinceMs) / 1_000;
    return { lane: 'health', topic: this.topic, reason, sinceSeconds, attempts };
  }

  #isDue({ states }: HealthReport): boolean {
    const told = this.#told;
    return told === null || told.states !== states || this.#clock.monotonicMs() - told.atMs >= EVERY_MS;
  }

  #noteRefusal(reason: string): void {
    const sinceMs = this.#refusal?.sinceMs ?? this.#clock.monotonicMs();
    this.#refusal = { reason, sinceMs, attempts: (this.#refusal?.attempts ?? 0) + 1 };
  }

  #wait(ms: number): void {
    this.#notBeforeMs = this.#clock.monotonicMs() + ms;
  }
}
