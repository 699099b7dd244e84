import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';

const BASE_MS = 1_000;
const CAP_MS = 60_000;

/** When the next message may go, after one that was not taken. */
export class RetryDelay {
  readonly #clock: Clock;
  readonly #backoff: Backoff;
  #atMs = 0;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#backoff = new Backoff({ baseMs: BASE_MS, random });
  }

  noteFailure(): void {
    this.#atMs = this.#clock.monotonicMs() + this.#backoff.nextMs(CAP_MS);
  }

  noteSuccess(): void {
    this.#backoff.reset();
  }

  /** Another link is worth a try at once. */
  skip(): void {
    this.#atMs = 0;
  }

  remainingMs(): number {
    return Math.max(0, this.#atMs - this.#clock.monotonicMs());
  }
}
