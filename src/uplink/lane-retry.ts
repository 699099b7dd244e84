import type { Lane } from '../outbox/records.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';

const BASE_MS = 1_000;
const MAX_WAIT_MS = 60_000;
/** What is refused for good changes when somebody changes it. */
const HELD_BASE_MS = 60_000;
const MAX_HELD_MS = 300_000;

/** A lane whose messages the broker refuses. */
export type LaneRefusal = {
  readonly lane: Lane;
  readonly topic: string;
  /** The broker's, with its code. */
  readonly reason: string;
  /** Since the first refusal of the reasons in a row. */
  readonly sinceSeconds: number;
  readonly attempts: number;
};

type Refusal = Pick<LaneRefusal, 'topic' | 'reason' | 'attempts'> & { readonly sinceMs: number };

/** When the next message of a lane may go, and why its messages are refused. No lane waits for another one. */
export class LaneRetry {
  readonly lane: Lane;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #held: Backoff;
  #atMs = 0;
  #refusal: Refusal | null = null;
  #unacknowledged = 0;

  constructor(lane: Lane, clock: Clock, random: () => number) {
    this.lane = lane;
    this.#clock = clock;
    this.#backoff = new Backoff({ baseMs: BASE_MS, random });
    // Never less than half of it: this is no race between stations.
    this.#held = new Backoff({ baseMs: HELD_BASE_MS, random: () => 0.5 + random() / 2 });
  }

  remainingMs(): number {
    return Math.max(0, this.#atMs - this.#clock.monotonicMs());
  }

  refusal(): LaneRefusal | null {
    if (this.#refusal === null) return null;
    const { sinceMs, topic, reason, attempts } = this.#refusal;
    const sinceSeconds = (this.#clock.monotonicMs() - sinceMs) / 1_000;
    return { lane: this.lane, topic, reason, sinceSeconds, attempts };
  }

  /** Returns whether messages of this lane had been refused. */
  noteSuccess(): boolean {
    const wasRefused = this.#refusal !== null;
    this.#refusal = null;
    this.#unacknowledged = 0;
    this.#backoff.reset();
    this.#held.reset();
    return wasRefused;
  }

  noteUnacknowledged(): void {
    this.#unacknowledged += 1;
    this.#wait(this.#backoff.nextMs(MAX_WAIT_MS));
  }

  /** Something that has nothing to do with the broker went wrong. */
  noteFailure(): void {
    this.#wait(this.#backoff.nextMs(MAX_WAIT_MS));
  }

  /** For a reason that may pass. Returns whether this reason is new. */
  noteRefused(topic: string, reason: string): boolean {
    this.#wait(this.#backoff.nextMs(MAX_WAIT_MS));
    return this.#noteRefusal(topic, reason);
  }

  /** For a reason that stays until somebody changes the broker or the configuration. */
  noteHeld(topic: string, reason: string): boolean {
    this.#wait(this.#held.nextMs(MAX_HELD_MS));
    return this.#noteRefusal(topic, reason);
  }

  /** Another link is worth a try at once, unless the messages of this lane seem to end each link. */
  noteConnected(): void {
    if (this.#unacknowledged < 2) this.#atMs = 0;
  }

  #noteRefusal(topic: string, reason: string): boolean {
    const known = this.#refusal;
    const sinceMs = known?.sinceMs ?? this.#clock.monotonicMs();
    this.#refusal = { topic, reason, sinceMs, attempts: (known?.attempts ?? 0) + 1 };
    return known?.reason !== reason;
  }

  #wait(ms: number): void {
    this.#atMs = this.#clock.monotonicMs() + ms;
  }
}
