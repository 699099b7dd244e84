/** One contact cycle takes longer than this; shorter gaps are bounce. */
const SHORTEST_CYCLE_MS = 4;
/** Lines without a pulse for this long have no rhythm to go by. */
const RHYTHM_LASTS_MS = 2_000;

/**
 * Counts falling edges of one line from what sysfs tells: that something changed, and the level some time after.
 * Two changes that are told as one leave their trace in the order of levels.
 */
export class LevelTracker {
  #level: 0 | 1 | null = null;
  #eventMs = Number.NEGATIVE_INFINITY;
  #fallMs = Number.NEGATIVE_INFINITY;
  #periodMs = Number.POSITIVE_INFINITY;

  /** Whether a falling edge happened. */
  noteLevel(level: 0 | 1, atMs: number): boolean {
    // High after high: it was low in between, unless the contact just opened and bounces.
    const wasMissedLow = level === 1 && this.#level === 1 && atMs - this.#eventMs >= SHORTEST_CYCLE_MS;
    this.#level = level;
    this.#eventMs = atMs;
    if (level === 1 && !wasMissedLow) return false;
    this.#periodMs = atMs - this.#fallMs;
    this.#fallMs = atMs;
    return true;
  }

  /**
   * How many pulses may have been lost while the process did not look for `lagMs` until `atMs`, by the rhythm before:
   * of those that fell into it, one is seen.
   */
  suspectedMissed(lagMs: number, atMs: number): number {
    if (atMs - lagMs - this.#fallMs > RHYTHM_LASTS_MS) return 0;
    return Math.max(0, Math.floor(lagMs / this.#periodMs) - 1);
  }
}
