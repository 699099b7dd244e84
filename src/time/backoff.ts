type BackoffParts = {
  readonly baseMs: number;
  /** 0 (included) to 1 (not), as `Math.random`. */
  readonly random: () => number;
};

/**
 * Exponential back-off with full jitter: each wait is drawn from 0 to a bound that doubles, so that stations
 * that lost their broker together do not come back together.
 */
export class Backoff {
  readonly #parts: BackoffParts;
  #failures = 0;

  constructor(parts: BackoffParts) {
    this.#parts = parts;
  }

  /** The wait after one more failure. */
  nextMs(capMs: number): number {
    const { baseMs, random } = this.#parts;
    const boundMs = Math.min(capMs, baseMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 32);
    return random() * boundMs;
  }

  reset(): void {
    this.#failures = 0;
  }
}
