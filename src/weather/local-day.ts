/** A day by the clock on a wall: 23, 24 or 25 hours. */
export type LocalDay = {
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly startMs: number;
};

const HOUR_MS = 3_600_000;
/** The longest that a day can be. */
const LONGEST_DAY_MS = 26 * HOUR_MS;
const PRECISION_MS = 1_000;

/** The days of a time zone; the machine's own without one. */
export class LocalDays {
  readonly timeZone: string;
  readonly #date: Intl.DateTimeFormat;
  readonly #time: Intl.DateTimeFormat;
  #latest: LocalDay = { date: '', startMs: 0 };

  constructor(timeZone?: string) {
    // Swedes write dates as the rest of the world's machines do.
    this.#date = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' });
    this.#time = new Intl.DateTimeFormat('sv-SE', { timeZone, timeStyle: 'short' });
    this.timeZone = this.#date.resolvedOptions().timeZone;
  }

  dayOf(atMs: number): LocalDay {
    const date = this.#date.format(atMs);
    if (date !== this.#latest.date) this.#latest = { date, startMs: this.#startOf(date, atMs) };
    return this.#latest;
  }

  /** HH:MM. */
  timeOf(atMs: number): string {
    return this.#time.format(atMs);
  }

  /** The first second with that date, looked for by halves: midnight may come twice, or not at all. */
  #startOf(date: string, atMs: number): number {
    let before = Math.floor(atMs / PRECISION_MS) - LONGEST_DAY_MS / PRECISION_MS;
    let within = Math.floor(atMs / PRECISION_MS);
    while (within - before > 1) {
      const middle = Math.floor((before + within) / 2);
      if (this.#date.format(middle * PRECISION_MS) === date) within = middle;
      else before = middle;
    }
    return within * PRECISION_MS;
  }
}
