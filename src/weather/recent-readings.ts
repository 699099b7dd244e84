import { type Quantity, quantities } from './quantities.ts';
import { elapsedMs, type Instant, type Measurement, SUBSTITUTE } from './reading.ts';

/** An extreme may be real, and its doubt must not silence the warning of it; a substitute is a measurement as well. */
const USABLE: readonly (string | undefined)[] = [undefined, 'suspect:range', 'suspect:gust', SUBSTITUTE];

/** Whether rules and derived quantities use a value with this flag. */
export const isUsable = (flag: string | undefined): boolean => USABLE.includes(flag);

/** The value, if nothing speaks against it but that it is extreme, or another instrument's. */
export const goodValue = ({ values, quality }: Measurement, quantity: Quantity): number | null =>
  isUsable(quality[quantity]) ? (values[quantity] ?? null) : null;

const MINUTE_MS = 60_000;

/** Means of the good values of minutes, the oldest first: each `minutesAgo` the newest reading. */
export type MinuteMeans = {
  readonly length: number;
  readonly minutesAgo: Float64Array;
  readonly values: Float64Array;
};

/** The good values of one minute, summed up. */
type Minute = { readonly minute: number; atSum: number; valueSum: number; readings: number };

const INITIAL_CAPACITY = 256;

/**
 * The good values of the last `spanMs` on one time axis, and the sums of their minutes. A time that is not known, or
 * that goes back, ends the past: what came before is forgotten. Numbers only, in columns: the rules look at hundreds of
 * them for each reading, and a replay at millions of readings.
 */
export class RecentReadings {
  readonly #spanMs: number;
  readonly #columns = new Map<Quantity, Float64Array>();
  #times: Float64Array = new Float64Array(INITIAL_CAPACITY);
  /** Readings before it are older than the span; they are cut off when the columns are full. */
  #start = 0;
  #end = 0;
  #nowMs = 0;
  #newestAt: Instant | null = null;
  readonly #minutes = new Map<Quantity, Minute[]>();
  #means = { length: 0, minutesAgo: new Float64Array(0), values: new Float64Array(0) };

  constructor(spanMs: number, measurements: readonly Measurement[] = []) {
    this.#spanMs = spanMs;
    for (const quantity of quantities) this.#columns.set(quantity, new Float64Array(INITIAL_CAPACITY));
    for (const measurement of measurements) this.push(measurement);
  }

  push(measurement: Measurement): void {
    const { at } = measurement;
    const sinceMs = this.#newestAt === null ? 0 : elapsedMs(this.#newestAt, at);
    if (sinceMs === null || sinceMs < 0) this.#forget();
    this.#newestAt = at;
    this.#nowMs += Math.max(0, sinceMs ?? 0);
    this.#start = this.firstWithin(this.#spanMs);
    if (this.#end === this.#times.length) this.#makeRoom();
    this.#times[this.#end] = this.#nowMs;
    for (const [quantity, column] of this.#columns) {
      column[this.#end] = goodValue(measurement, quantity) ?? Number.NaN;
    }
    this.#end += 1;
    for (const [quantity, minutes] of this.#minutes) this.#addToMinute(minutes, quantity, this.#end - 1);
  }

  /** The good value of the newest reading. */
  newest(quantity: Quantity): number | null {
    if (this.#end === 0) return null;
    const value = this.column(quantity)[this.#end - 1] as number;
    return Number.isNaN(value) ? null : value;
  }

  /** Index of the oldest reading of the last `spanMs`, one that is just so old excluded. */
  firstWithin(spanMs: number): number {
    const afterMs = this.#nowMs - spanMs;
    let low = this.#start;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] as number) > afterMs) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Index of the oldest reading there is. */
  get start(): number {
    return this.#start;
  }

  /** The index after that of the newest reading. Indices hold until the next reading is pushed. */
  get end(): number {
    return this.#end;
  }

  agoMs(index: number): number {
    return this.#nowMs - (this.#times[index] as number);
  }

  /** The good values of a quantity by index, `NaN` where there is none. */
  column(quantity: Quantity): Float64Array {
    return this.#columns.get(quantity) as Float64Array;
  }

  /** The good value nearest to so long ago, `toleranceMs` away at most. */
  nearest(quantity: Quantity, agoMs: number, toleranceMs: number): number | null {
    const column = this.column(quantity);
    let best: number | null = null;
    let bestMs = toleranceMs;
    for (let index = this.firstWithin(agoMs + toleranceMs + 1); index < this.#end; index += 1) {
      const valueAgoMs = this.agoMs(index);
      const distanceMs = Math.abs(valueAgoMs - agoMs);
      if (valueAgoMs < agoMs - toleranceMs) break;
      if (distanceMs > bestMs || (distanceMs === bestMs && best !== null)) continue;
      const value = column[index] as number;
      if (Number.isNaN(value)) continue;
      best = value;
      bestMs = distanceMs;
    }
    return best;
  }

  /**
   * Means of the minutes of the window that have a good value. One long reading stands for itself. The arrays are those
   * of the next call too.
   */
  minuteMeans(quantity: Quantity, windowMinutes: number): MinuteMeans {
    const minutes = this.#minutesOf(quantity);
    const fromMs = this.#nowMs - windowMinutes * MINUTE_MS;
    let first = minutes.length;
    while (first > 0 && meanTime(minutes[first - 1] as Minute) > fromMs) first -= 1;
    const length = minutes.length - first;
    if (this.#means.values.length < length) {
      const capacity = 2 * length;
      this.#means = { length, minutesAgo: new Float64Array(capacity), values: new Float64Array(capacity) };
    }
    this.#means.length = length;
    for (let index = 0; index < length; index += 1) {
      const minute = minutes[first + index] as Minute;
      this.#means.minutesAgo[index] = (this.#nowMs - meanTime(minute)) / MINUTE_MS;
      this.#means.values[index] = minute.valueSum / minute.readings;
    }
    return this.#means;
  }

  #minutesOf(quantity: Quantity): Minute[] {
    const known = this.#minutes.get(quantity);
    if (known !== undefined) return known;
    const minutes: Minute[] = [];
    this.#minutes.set(quantity, minutes);
    for (let index = this.#start; index < this.#end; index += 1) this.#addToMinute(minutes, quantity, index);
    return minutes;
  }

  #addToMinute(minutes: Minute[], quantity: Quantity, index: number): void {
    const value = this.column(quantity)[index] as number;
    if (Number.isNaN(value)) return;
    const atMs = this.#times[index] as number;
    const minute = Math.floor(atMs / MINUTE_MS);
    const last = minutes.at(-1);
    if (last?.minute === minute) {
      last.atSum += atMs;
      last.valueSum += value;
      last.readings += 1;
    } else minutes.push({ minute, atSum: atMs, valueSum: value, readings: 1 });
  }

  #forget(): void {
    this.#start = 0;
    this.#end = 0;
    this.#minutes.clear();
  }

  /** Cuts off what is older than the span; doubles the columns where that is not much. */
  #makeRoom(): void {
    const capacity = this.#start > this.#end / 2 ? this.#end : 2 * this.#end;
    const moved = (from: Float64Array): Float64Array => {
      const to = new Float64Array(capacity);
      to.set(from.subarray(this.#start, this.#end));
      return to;
    };
    this.#times = moved(this.#times);
    for (const [quantity, column] of this.#columns) this.#columns.set(quantity, moved(column));
    this.#end -= this.#start;
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

const meanTime = ({ atSum, readings }: Minute): number => atSum / readings;
