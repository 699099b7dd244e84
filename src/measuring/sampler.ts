import type { Interval, Measured } from '../instruments/instrument.ts';
import type { Outcome, StationInstruments } from '../instruments/station-instruments.ts';
import type { StateChanges } from '../outbox/records.ts';
import type { Clock } from '../time/clock.ts';
import { every } from '../time/loops.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';
import {
  isOptional,
  type Quantity,
  type QuantityTable,
  quantitiesOf,
  quantityTable,
} from '../weather/quantities.ts';
import { type Instant, type RawMeasurement, SUBSTITUTE } from '../weather/reading.ts';
import type { Progress } from './progress.ts';
import type { Recorder } from './recorder.ts';

type CombinedMeasurement = {
  readonly raw: RawMeasurement;
  /** What the reading reports: its state belongs into the commit, and is settled once that is on disk. */
  readonly reported: readonly Measured[];
};

/**
 * Makes one reading of what the instruments gave, which come in the order of the configuration: of each quantity the
 * first value counts. One that does not come from the first instrument is flagged; where there is none, the reason is
 * the first instrument's. An optional quantity that no instrument measures is left out.
 */
export const combine = (
  at: Instant,
  outcomes: readonly Outcome[],
  table: QuantityTable = quantityTable,
): CombinedMeasurement => {
  const values: Partial<Record<Quantity, number | null>> = {};
  const faults: Partial<Record<Quantity, string>> = {};
  const doubts: Partial<Record<Quantity, string>> = {};
  for (const quantity of quantitiesOf(table)) {
    const candidates = outcomes.filter((outcome) => outcome.quantities.includes(quantity));
    if (candidates.length === 0 && isOptional(table[quantity])) continue;
    const winner = candidates.find((outcome) => valueFrom(outcome, quantity) !== null);
    const [first] = candidates;
    values[quantity] = winner === undefined ? null : valueFrom(winner, quantity);
    if (winner === undefined) {
      const reason = reasonOf(first, quantity);
      if (reason !== undefined) faults[quantity] = reason;
      continue;
    }
    const doubt = winner === first ? winner.measured?.doubts?.[quantity] : SUBSTITUTE;
    if (doubt !== undefined) doubts[quantity] = doubt;
  }
  const raw = { at, values: values as RawMeasurement['values'], faults, doubts };
  return { raw, reported: outcomes.flatMap((outcome) => reportedOf(outcome, raw)) };
};

const valueFrom = ({ fault, measured }: Outcome, quantity: Quantity): number | null =>
  fault === null ? (measured?.values[quantity] ?? null) : null;

/** Why the first instrument has no value, where that is a fault. */
const reasonOf = (first: Outcome | undefined, quantity: Quantity): string | undefined =>
  first?.fault ? `missing:${first.fault.code}` : first?.measured?.faults?.[quantity];

/** Counts behind a fault wait for the next reading, unless a substitute has reported the same interval. */
const reportedOf = (
  { fault, measured, quantities: own }: Outcome,
  { values }: RawMeasurement,
): Measured[] => {
  if (measured === null) return [];
  return fault === null || own.every((quantity) => values[quantity] !== null) ? [measured] : [];
};

type SamplerParts = {
  readonly instruments: StationInstruments;
  readonly clock: Clock;
  readonly timeKeeper: Pick<TimeKeeper, 'now'>;
  readonly progress: Pick<Progress, 'noteSample'>;
  /** Between two readings, a whole number of seconds. */
  readonly intervalMs: number;
  readonly recorder: Pick<Recorder, 'deliver'>;
  /** Takes what was counted between two readings. */
  readonly takeInterim: (raw: RawMeasurement) => Promise<void>;
};

/** Rules on what is counted look at it as often as at the readings of a station that reports every 12 s. */
export const INTERIM_MS = 12_000;

/** Whether readings are so rare that rules on what is counted do not wait for them. */
export const needsInterims = (intervalMs: number): boolean => intervalMs > INTERIM_MS;

const SAMPLE_EVERY_MS = 1_000;

const greatestCommonDivisor = (a: number, b: number): number =>
  b === 0 ? a : greatestCommonDivisor(b, a % b);

/** Where nothing is averaged over the interval, there is nothing to do between the ends of intervals. */
const paceMs = ({ instruments, intervalMs }: Pick<SamplerParts, 'instruments' | 'intervalMs'>): number => {
  if (instruments.isSampled()) return SAMPLE_EVERY_MS;
  return needsInterims(intervalMs) ? greatestCommonDivisor(intervalMs, INTERIM_MS) : intervalMs;
};

/** Cuts time into intervals of one length; the first begins with the first question. */
class Intervals {
  readonly #lengthMs: number;
  #fromMs: number | null = null;
  #dueMs = 0;

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  /** The interval that ends at this moment; `null` while it goes on. */
  endingAt(atMs: number): Interval | null {
    if (this.#fromMs === null) {
      this.#fromMs = atMs;
      this.#dueMs = atMs + this.#lengthMs;
    }
    // A timer may fire a little early.
    const overdueMs = atMs + SAMPLE_EVERY_MS / 2 - this.#dueMs;
    if (overdueMs < 0) return null;
    this.#dueMs += (Math.floor(overdueMs / this.#lengthMs) + 1) * this.#lengthMs;
    const lengthMs = atMs - this.#fromMs;
    this.#fromMs = atMs;
    return { atMs, lengthMs };
  }
}

/** Makes one reading of each interval, and between two of them interim measurements for the rules. */
export class Sampler {
  readonly #parts: SamplerParts;
  readonly #readings: Intervals;
  readonly #interims: Intervals | null;

  constructor(parts: SamplerParts) {
    this.#parts = parts;
    this.#readings = new Intervals(parts.intervalMs);
    this.#interims = needsInterims(parts.intervalMs) ? new Intervals(INTERIM_MS) : null;
  }

  /**
   * Samples and delivers a reading every interval, the first after one whole interval, until the signal aborts. A sensor
   * that does not work costs its values only; it is asked again without end.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { instruments, clock, progress } = this.#parts;
    const watching = untilItFails(instruments.watch(), signal);
    const sampling = every(paceMs(this.#parts), { clock, signal }, async () => {
      await this.#sample();
      progress.noteSample();
    });
    await Promise.race([watching, sampling]);
    await instruments.save();
  }

  /** One sample of what is sampled; at the end of an interval also its reading. */
  async #sample(): Promise<void> {
    const { timeKeeper, instruments } = this.#parts;
    const at = timeKeeper.now();
    const interim = this.#interims?.endingAt(at.monotonicMs) ?? null;
    if (interim !== null) await this.#takeInterim(at, interim);
    const interval = this.#readings.endingAt(at.monotonicMs);
    if (interval !== null) await this.#report(at, interval);
    await instruments.sample();
  }

  async #takeInterim(at: Instant, interval: Interval): Promise<void> {
    const { instruments, takeInterim } = this.#parts;
    await takeInterim(combine(at, await instruments.measureInterim(interval)).raw);
  }

  /** What the disk does not take is reported with the next reading. */
  async #report(at: Instant, interval: Interval): Promise<void> {
    const { instruments, recorder } = this.#parts;
    const { raw, reported } = combine(at, await instruments.measure(interval));
    const state: StateChanges = Object.assign({}, ...reported.map((measured) => measured.state ?? {}));
    const isStored = await recorder.deliver(raw, state);
    if (isStored) for (const { settle } of reported) settle?.();
  }
}

/** Never resolves: an edge source that comes late is no reason to end, one that cannot work is. */
const untilItFails = async (watching: Promise<void>, signal: AbortSignal): Promise<void> => {
  await watching.catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  await new Promise(() => undefined);
};
