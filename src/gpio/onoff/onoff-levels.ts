/** One contact cycle takes longer than this; shorter gaps are bounce. */
const SHORTEST_CYCLE_MS = 4;
/** A process that is later than this may have missed a pulse. */
const LATE_MS = 2;
/** Pulses further apart have no rhythm to go by. */
const LONGEST_GAP_MS = 2_000;
const REMEMBERED_GAPS = 16;
const FEWEST_GAPS = 4;

/**
 * Counts falling edges of one line from what sysfs tells: that something changed, and the level some time after.
 * Two changes that are told as one leave their trace in the order of levels, and more of them in the rhythm: cups
 * cannot halve their speed within one rotation.
 */
export class LevelTracker {
  #level: 0 | 1 | null = null;
  #eventMs = Number.NEGATIVE_INFINITY;
  #fallMs = Number.NEGATIVE_INFINITY;
  #gapsMs: number[] = [];
  #lateMs = 0;
  #suspected = 0;

  /** Whether a falling edge happened. */
  noteLevel(level: 0 | 1, atMs: number): boolean {
    // High after high: it was low in between, unless the contact just opened and bounces.
    const wasMissedLow = level === 1 && this.#level === 1 && atMs - this.#eventMs >= SHORTEST_CYCLE_MS;
    this.#level = level;
    this.#eventMs = atMs;
    if (level === 1 && !wasMissedLow) return false;
    this.#noteGap(atMs - this.#fallMs);
    this.#fallMs = atMs;
    return true;
  }

  /** That the process looked so much later than it meant to. */
  noteLate(lateMs: number): void {
    this.#lateMs = Math.max(this.#lateMs, lateMs);
  }

  /** Pulses that may be missing: a gap in the rhythm counts where the process was late in it. */
  get suspectedMissed(): number {
    return this.#suspected;
  }

  #noteGap(gapMs: number): void {
    const wasLate = this.#lateMs >= LATE_MS;
    this.#lateMs = 0;
    if (gapMs > LONGEST_GAP_MS) {
      this.#gapsMs = [];
      return;
    }
    if (wasLate) this.#suspected += Math.max(0, Math.round(gapMs / this.#periodMs()) - 1);
    this.#gapsMs = [...this.#gapsMs.slice(1 - REMEMBERED_GAPS), gapMs];
  }

  /** The lower quartile: gaps that hide a missed pulse are the long ones. */
  #periodMs(): number {
    if (this.#gapsMs.length < FEWEST_GAPS) return Number.POSITIVE_INFINITY;
    const sorted = [...this.#gapsMs].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 4)] ?? Number.POSITIVE_INFINITY;
  }
}
