import type { RainCount } from './column-names.ts';

const HOUR_MS = 3_600_000;
/** From about so long on, the rain of "the last hour" is that since the reading before. */
const WHOLE_HOUR_MS = 0.9 * HOUR_MS;
/** Rounding of inches to hundredths may take a total back by so much, mm. */
const ROUNDING_MM = 0.051;

/** Makes rain since the reading before, mm, out of what a station counts. */
export class RainCounter {
  readonly #count: RainCount;
  #previousMm: number | null = null;
  #previousMs = Number.NEGATIVE_INFINITY;

  constructor(count: RainCount) {
    this.#count = count;
  }

  /** `null` where nothing is known of the time before. A total that falls was reset: what it shows has fallen since. */
  take(mm: number | null, atMs: number): number | null {
    if (mm === null || this.#count === 'interval') return mm;
    const previousMm = this.#previousMm;
    const sinceMs = atMs - this.#previousMs;
    const isNewHour = Math.floor(atMs / HOUR_MS) !== Math.floor(this.#previousMs / HOUR_MS);
    this.#previousMm = mm;
    this.#previousMs = atMs;
    if (this.#count === 'hour' && (sinceMs >= WHOLE_HOUR_MS || isNewHour)) return mm;
    if (previousMm === null) return null;
    if (mm >= previousMm) return Math.round((mm - previousMm) * 1e6) / 1e6;
    return previousMm - mm <= ROUNDING_MM ? 0 : mm;
  }
}
