import type { Lane } from '../outbox/records.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';

const BASE_MS = 1_000;
const MAX_WAIT_MS = 60_000;
/** What is refused for good changes when somebody changes it. */
const HELD_BASE_MS = 60_000;
const MAX_HELD_MS = 300_000;
/** Each try costs the connection of all lanes. */
const ENDING_BASE_MS = 5_000;
const MAX_ENDING_MS = 300_000;
/** One connection may end by chance while a message is on its way. */
const MIN_ENDS = 2;

/** What is retried by itself: the lanes of the outbox, and the status that is published at each connection. */
type RetriedLane = Lane | 'status';

/** A lane whose messages the broker refuses. */
export type LaneRefusal = {
  readonly lane: RetriedLane | 'health';
  readonly topic: string;
  /** The broker's, with its code. */
  readonly reason: string;
  /** Since the first refusal of the reasons in a row. */
  readonly sinceSeconds: number;
  readonly attempts: number;
};

type Refusal = Pick<LaneRefusal, 'topic' | 'reason' | 'attempts'> & { readonly sinceMs: number };

/** When the next message of a lane may go, and why its messages are refused. No lane waits for another one. */
export class LaneRetry<L extends RetriedLane = RetriedLane> {
  readonly lane: L;
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  readonly #held: Backoff;
  readonly #ending: Backoff;
  #atMs = 0;
  #refusal: Refusal | null = null;
  #unacknowledged = 0;
  /** Connections in a row that ended with a message of this lane on its way. */
  #ends = 0;

  constructor(lane: L, clock: Clock, random: () => number) {
    this.lane = lane;
    this.#clock = clock;
    this.#backoff = new Backoff({ baseMs: BASE_MS, random });
    // Never less than half of it: this is no race between stations.
    this.#held = new Backoff({ baseMs: HELD_BASE_MS, random: () => 0.5 + random() / 2 });
    this.#ending = new Backoff({ baseMs: ENDING_BASE_MS, random: () => 0.5 + random() / 2 });
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
    this.#ends = 0;
    this.#backoff.reset();
    this.#held.reset();
    this.#ending.reset();
    return wasRefused;
  }

  noteUnacknowledged(): void {
    this.#unacknowledged += 1;
    this.#ends = 0;
    this.#wait(this.#backoff.nextMs(MAX_WAIT_MS));
  }

  /**
   * The connection ended as soon as a message was on its way, as AWS IoT Core ends it when the policy denies a publish.
   * Returns whether it is now known that messages of this lane end each connection.
   */
  noteEnded(topic: string, reason: string): boolean {
    this.#unacknowledged += 1;
    this.#ends += 1;
    if (this.#ends < MIN_ENDS) {
      this.#wait(this.#backoff.nextMs(MAX_WAIT_MS));
      return false;
    }
    this.#wait(this.#ending.nextMs(MAX_ENDING_MS));
    return this.#noteRefusal(
      topic,
      `the connection ends at each message: does the policy allow this topic? (${reason})`,
    );
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

  /**
   * Another link is worth a try at once, unless the messages of this lane seem to end each link. Where there was no
   * link at all in between (`isReturn`), network or broker are no longer what they were.
   */
  noteConnected(isReturn: boolean): void {
    if (isReturn) {
      this.#unacknowledged = 0;
      this.#ends = 0;
      this.#ending.reset();
    }
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
