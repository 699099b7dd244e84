import { elapsedMs } from '../time/elapsed.ts';
import type { Quantity } from './quantities.ts';
import type { Measurement } from './reading.ts';

/** Doubts of an extreme that may be real: they must not silence the warning of it. */
const isUsable = (flag: string | undefined): boolean =>
  flag === undefined || flag === 'suspect:range' || flag === 'suspect:gust';

/** The value, if nothing speaks against it but that it is extreme. */
export const goodValue = ({ values, quality }: Measurement, quantity: Quantity): number | null =>
  isUsable(quality[quantity]) ? (values[quantity] ?? null) : null;

const MINUTE_MS = 60_000;

/** The mean of the good values of one minute, as many minutes before now. */
export type MinuteMean = { readonly minutesAgo: number; readonly value: number };

type Entry = { readonly measurement: Measurement; readonly atMs: number };

/** The good values of one minute, summed up. */
type Minute = { readonly minute: number; atSum: number; valueSum: number; readings: number };

/**
 * The measurements of the last `spanMs`, each with its place on one time axis, and the sums of their minutes. A time
 * that is not known, or that goes back, ends the past: what came before is forgotten.
 */
export class RecentReadings {
  readonly #spanMs: number;
  #entries: Entry[] = [];
  /** Entries before it are older than the span; they are cut off from time to time. */
  #start = 0;
  #nowMs = 0;
  readonly #minutes = new Map<Quantity, Minute[]>();

  constructor(spanMs: number, measurements: readonly Measurement[] = []) {
    this.#spanMs = spanMs;
    for (const measurement of measurements) this.push(measurement);
  }

  push(measurement: Measurement): void {
    const newest = this.#entries.at(-1);
    const sinceMs = newest === undefined ? 0 : elapsedMs(newest.measurement.at, measurement.at);
    if (sinceMs === null || sinceMs < 0) this.#forget();
    this.#nowMs += Math.max(0, sinceMs ?? 0);
    const entry = { measurement, atMs: this.#nowMs };
    this.#entries.push(entry);
    for (const [quantity, minutes] of this.#minutes) addTo(minutes, quantity, entry);
    this.#trim();
  }

  /** The newest; `undefined` before the first. */
  newest(): Measurement | undefined {
    return this.#entries.at(-1)?.measurement;
  }

  /** Calls `visit` with the readings of the last `spanMs`, that old ones excluded, the oldest first. */
  forEachWithin(spanMs: number, visit: (measurement: Measurement, agoMs: number) => void): void {
    for (let index = this.#firstWithin(spanMs); index < this.#entries.length; index += 1) {
      const entry = this.#entries[index] as Entry;
      visit(entry.measurement, this.#nowMs - entry.atMs);
    }
  }

  /** Visits the newest first, until `visit` returns false. */
  forEachBackwards(visit: (measurement: Measurement, agoMs: number) => boolean): void {
    for (let index = this.#entries.length - 1; index >= this.#start; index -= 1) {
      const entry = this.#entries[index] as Entry;
      if (!visit(entry.measurement, this.#nowMs - entry.atMs)) return;
    }
  }

  /** The reading nearest to so long ago that passes the test, `toleranceMs` away at most. */
  nearest(
    agoMs: number,
    toleranceMs: number,
    isFit: (measurement: Measurement) => boolean,
  ): Measurement | undefined {
    let best: Measurement | undefined;
    let bestMs = toleranceMs;
    for (let index = this.#firstWithin(agoMs + toleranceMs + 1); index < this.#entries.length; index += 1) {
      const entry = this.#entries[index] as Entry;
      const distanceMs = Math.abs(this.#nowMs - entry.atMs - agoMs);
      if (this.#nowMs - entry.atMs < agoMs - toleranceMs) break;
      if (distanceMs > bestMs || (distanceMs === bestMs && best !== undefined)) continue;
      if (!isFit(entry.measurement)) continue;
      best = entry.measurement;
      bestMs = distanceMs;
    }
    return best;
  }

  /** Means of the minutes of the window that have a good value, the oldest first. One long reading stands for itself. */
  minuteMeans(quantity: Quantity, windowMinutes: number): MinuteMean[] {
    const minutes = this.#minutesOf(quantity);
    const fromMs = this.#nowMs - windowMinutes * MINUTE_MS;
    const means: MinuteMean[] = [];
    for (let index = minutes.length - 1; index >= 0; index -= 1) {
      const minute = minutes[index] as Minute;
      const atMs = minute.atSum / minute.readings;
      if (atMs <= fromMs) break;
      means.push({ minutesAgo: (this.#nowMs - atMs) / MINUTE_MS, value: minute.valueSum / minute.readings });
    }
    return means.reverse();
  }

  #minutesOf(quantity: Quantity): Minute[] {
    const known = this.#minutes.get(quantity);
    if (known !== undefined) return known;
    const minutes: Minute[] = [];
    for (const entry of this.#entries.slice(this.#start)) addTo(minutes, quantity, entry);
    this.#minutes.set(quantity, minutes);
    return minutes;
  }

  #firstWithin(spanMs: number): number {
    const afterMs = this.#nowMs - spanMs;
    let low = this.#start;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle] as Entry).atMs > afterMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #forget(): void {
    this.#entries = [];
    this.#start = 0;
    this.#minutes.clear();
  }

  #trim(): void {
    this.#start = this.#firstWithin(this.#spanMs);
    if (this.#start < 256 || this.#start < this.#entries.length / 2) return;
    this.#entries = this.#entries.slice(this.#start);
    this.#start = 0;
    const oldest = Math.floor((this.#nowMs - this.#spanMs) / MINUTE_MS);
    for (const [quantity, minutes] of this.#minutes) {
      this.#minutes.set(
        quantity,
        minutes.filter(({ minute }) => minute >= oldest),
      );
    }
  }
}

const addTo = (minutes: Minute[], quantity: Quantity, { measurement, atMs }: Entry): void => {
  const value = goodValue(measurement, quantity);
  if (value === null) return;
  const minute = Math.floor(atMs / MINUTE_MS);
  const last = minutes.at(-1);
  if (last?.minute === minute) {
    last.atSum += atMs;
    last.valueSum += value;
    last.readings += 1;
  } else minutes.push({ minute, atSum: atMs, valueSum: value, readings: 1 });
};
