/** Rotations of the cups a second; speed is proportional to it. */
export type RotationRates = {
  readonly meanHz: number;
  /** Highest 3 s running mean (WMO-No. 8 vol. I ch. 5) of those that end within the interval. */
  readonly gustHz: number;
};

const GUST_MS = 3_000;

/** Rotations since the beginning, known at some moments and linear between them. */
type Knot = { readonly atMs: number; readonly rotations: number };

/**
 * The run of the wind past the cups, in rotations: one pulse each. A rotation is spread evenly over the time between
 * its two pulses, so a mean is not cut to whole pulses, and each rotation is in exactly one interval or shared by two.
 */
export class WindRun {
  #fromMs: number;
  #pending: number[] = [];
  #pulses = 0;
  #lastPulseMs: number | null = null;
  #lastPeriodMs: number | null = null;
  #knots: Knot[];

  constructor(startMs: number) {
    this.#fromMs = startMs;
    this.#knots = [{ atMs: startMs, rotations: 0 }];
  }

  /** Times on the monotonic clock that never go back. */
  addPulse(atMs: number): void {
    this.#pending.push(atMs);
  }

  /** Since when the current interval runs. */
  get fromMs(): number {
    return this.#fromMs;
  }

  /** Ends the interval. A pulse from `toMs` on, and one that arrives after its interval was closed, counts in the next. */
  close(toMs: number): RotationRates {
    const fromMs = this.#fromMs;
    this.#advance(toMs);
    const meanHz = ((this.#rotationsAt(toMs) - this.#rotationsAt(fromMs)) * 1000) / (toMs - fromMs);
    const gustHz = this.#gustHz(fromMs, toMs);
    this.#fromMs = toMs;
    this.#forgetBefore(toMs - GUST_MS);
    return { meanHz, gustHz: Math.max(gustHz, meanHz) };
  }

  #advance(toMs: number): void {
    const arrived = this.#pending.filter((atMs) => atMs < toMs);
    this.#pending = this.#pending.filter((atMs) => atMs >= toMs);
    for (const atMs of arrived) {
      if (this.#lastPulseMs !== null) this.#lastPeriodMs = atMs - this.#lastPulseMs;
      this.#lastPulseMs = atMs;
      this.#pulses += 1;
      this.#knots.push({ atMs: Math.max(atMs, this.#fromMs), rotations: this.#pulses });
    }
    this.#knots.push({ atMs: toMs, rotations: this.#pulses + this.#begunRotation(toMs) });
  }

  /** How much of the rotation under way is done, as if it went like the last one; never more than all of it. */
  #begunRotation(atMs: number): number {
    if (this.#lastPulseMs === null || this.#lastPeriodMs === null) return 0;
    if (this.#lastPeriodMs <= 0) return 0;
    return Math.min(1, (atMs - this.#lastPulseMs) / this.#lastPeriodMs);
  }

  /** The mean over 3 s is piecewise linear in the window's end: it peaks where an end of the window meets a knot. */
  #gustHz(fromMs: number, toMs: number): number {
    let rotations = 0;
    for (const { atMs } of this.#knots) {
      for (const endMs of [atMs, atMs + GUST_MS]) {
        if (endMs < fromMs || endMs > toMs) continue;
        rotations = Math.max(rotations, this.#rotationsAt(endMs) - this.#rotationsAt(endMs - GUST_MS));
      }
    }
    return (rotations * 1000) / GUST_MS;
  }

  #rotationsAt(atMs: number): number {
    const index = this.#lastKnotUntil(atMs);
    const before = this.#knots[index];
    const after = this.#knots[index + 1];
    if (before === undefined) return this.#knots[0]?.rotations ?? 0;
    if (after === undefined) return before.rotations;
    const share = (atMs - before.atMs) / (after.atMs - before.atMs);
    return before.rotations + share * (after.rotations - before.rotations);
  }

  /** Index of the last knot not after this moment, -1 when all are. */
  #lastKnotUntil(atMs: number): number {
    let low = -1;
    let high = this.#knots.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#knots[middle]?.atMs ?? Number.POSITIVE_INFINITY) <= atMs) low = middle;
      else high = middle;
    }
    return low;
  }

  #forgetBefore(atMs: number): void {
    this.#knots = this.#knots.slice(Math.max(0, this.#lastKnotUntil(atMs)));
  }
}
