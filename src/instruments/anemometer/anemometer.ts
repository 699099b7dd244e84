import { z } from 'zod';
import { decimalNumber, gpioLine } from '../../config/fields.ts';
import { resolveLimits, usualMax } from '../../quality/limits.ts';
import { GUST_MS, gustShare, quantityTable } from '../../weather/quantities.ts';
import { createBounceFilter } from '../contacts.ts';
import { defineInstrument, type Interval, type Measured, type OpenInstrument } from '../instrument.ts';
import { SensorError } from '../instrument-health.ts';

/** Rotations of the cups a second; speed is proportional to it. */
type RotationRates = {
  readonly meanHz: number;
  /** Highest 3 s running mean (WMO-No. 8 vol. I ch. 5) of those that end within the interval; `null` before 3 s. */
  readonly gustHz: number | null;
};

/**
 * The run of the wind past the cups, in rotations: one pulse each. A rotation is spread evenly over the time between
 * its two pulses, so a mean is not cut to whole pulses, and each rotation is in exactly one interval or shared by two.
 */
export class WindRun {
  readonly #startMs: number;
  #fromMs: number;
  #pending: number[] = [];
  /** Times of the pulses that matter yet, the first of which is number `#before` + 1. */
  #pulsesMs: number[] = [];
  /** Pulses that are forgotten. */
  #before = 0;
  /** How much of the first rotation was done before the start, as far as that is known. */
  #atStart = 0;
  /** Rotations in the means so far, and before the start. */
  #reported = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#fromMs = startMs;
  }

  /** Times on the monotonic clock that never go back. What happened before the start is no measurement. */
  addPulse(atMs: number): void {
    if (atMs >= this.#startMs) this.#pending.push(atMs);
  }

  /** Since when the current interval runs. */
  get fromMs(): number {
    return this.#fromMs;
  }

  /**
   * Ends the interval. A pulse from `toMs` on counts in the next. So does, in the mean, one that arrives after its
   * interval was closed; the gust takes it for when it happened.
   */
  close(toMs: number): RotationRates {
    const fromMs = this.#fromMs;
    const arrivedMs = this.#pending.filter((atMs) => atMs < toMs);
    this.#pending = this.#pending.filter((atMs) => atMs >= toMs);
    this.#pulsesMs.push(...arrivedMs);
    this.#learnStart();
    const done = this.#before + this.#pulsesMs.length + this.#begunRotation(toMs);
    const rotations = Math.max(this.#reported, done);
    const meanHz = ((rotations - this.#reported) * 1000) / (toMs - fromMs);
    const firstMs = Math.min(fromMs, arrivedMs[0] ?? fromMs);
    // Of the windows that cover the interval, one has at least their share of its rotations.
    const leastHz = firstMs < fromMs ? 0 : meanHz * gustShare(toMs - fromMs);
    const gustHz = toMs - this.#startMs < GUST_MS ? null : Math.max(leastHz, this.#gustHz(firstMs, toMs));
    this.#reported = rotations;
    this.#fromMs = toMs;
    this.#forgetBefore(toMs - 2 * GUST_MS);
    return { meanHz, gustHz };
  }

  /** The first rotation went like the second. */
  #learnStart(): void {
    const [firstMs, secondMs] = this.#pulsesMs;
    if (this.#before > 0 || firstMs === undefined || secondMs === undefined || secondMs <= firstMs) return;
    this.#atStart = 1 - Math.min(1, (firstMs - this.#startMs) / (secondMs - firstMs));
    this.#reported = Math.max(this.#reported, this.#atStart);
  }

  /** How much of the rotation under way is done, as if it went like the last one; never more than all of it. */
  #begunRotation(atMs: number): number {
    const [earlierMs, lastMs] = this.#pulsesMs.slice(-2);
    if (earlierMs === undefined || lastMs === undefined || lastMs <= earlierMs) return 0;
    return Math.min(1, (atMs - lastMs) / (lastMs - earlierMs));
  }

  /** The mean over 3 s is piecewise linear in the window's end: it peaks where an end of the window meets a pulse. */
  #gustHz(fromMs: number, toMs: number): number {
    const begun = this.#begunRotation(toMs);
    // A rotation that takes longer than the last one is no gust.
    const last = this.#before + this.#pulsesMs.length + (begun < 1 ? begun : 0);
    const rotationsAt = (atMs: number): number => (atMs >= toMs ? last : this.#rotationsAt(atMs, toMs, last));
    let rotations = 0;
    for (const atMs of [...this.#pulsesMs, toMs]) {
      for (const endMs of [atMs, atMs + GUST_MS]) {
        if (endMs < fromMs || endMs > toMs || endMs - GUST_MS < this.#startMs) continue;
        rotations = Math.max(rotations, rotationsAt(endMs) - rotationsAt(endMs - GUST_MS));
      }
    }
    return (rotations * 1000) / GUST_MS;
  }

  /** Rotations until a moment: whole ones at the pulses, linear between them and up to `last` at `toMs`. */
  #rotationsAt(atMs: number, toMs: number, last: number): number {
    const index = this.#lastPulseUntil(atMs);
    const beforeMs = this.#pulsesMs[index] ?? this.#startMs;
    const before = index < 0 ? this.#atStart : this.#before + index + 1;
    const afterMs = this.#pulsesMs[index + 1];
    const share = (atMs - beforeMs) / ((afterMs ?? toMs) - beforeMs);
    return before + share * ((afterMs === undefined ? last : this.#before + index + 2) - before);
  }

  /** Index of the last pulse not after this moment, -1 when all are. */
  #lastPulseUntil(atMs: number): number {
    let low = -1;
    let high = this.#pulsesMs.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#pulsesMs[middle] ?? Number.POSITIVE_INFINITY) <= atMs) low = middle;
      else high = middle;
    }
    return low;
  }

  #forgetBefore(atMs: number): void {
    // The last two pulses tell the speed.
    const forgotten = Math.max(0, Math.min(this.#lastPulseUntil(atMs), this.#pulsesMs.length - 2));
    this.#pulsesMs = this.#pulsesMs.slice(forgotten);
    this.#before += forgotten;
  }
}

const schema = z
  .strictObject({
    gpio: gpioLine().describe('BCM number of the line. 0 to 27; 5 has a pull-up from power-on.'),
    kmhPerHz: decimalNumber(0.1, 20)
      .default(2.4)
      .describe('Wind speed at one closure a second, km/h. 0.1 to 20.'),
    offsetKmh: decimalNumber(0, 10)
      .default(0)
      .describe('Added to the speed of cups that turn, km/h, for an instrument with such a line. 0 to 10.'),
    lockoutMilliseconds: decimalNumber(0, 50)
      .default(4)
      .describe('Edges that follow a counted one within this time are contact bounce, ms. 0 to 50.'),
  })
  .describe('Cup anemometer with a reed contact to ground.');

type AnemometerConfig = z.output<typeof schema>;

/** A cup anemometer whose contact closes once a rotation. */
export const anemometer = defineInstrument({
  key: 'anemometer',
  title: 'Anemometer',
  schema,
  wiring: { gpios: ['gpio'] },
  corrections: ['kmhPerHz', 'offsetKmh', 'lockoutMilliseconds'],
  quantities: () => ['windintensity', 'windgust'],
  lockout: ({ kmhPerHz, lockoutMilliseconds }, limits) => {
    const maxKmh = usualMax('windintensity', resolveLimits(limits, quantityTable));
    return {
      ms: lockoutMilliseconds,
      shortestMs: (1000 * kmhPerHz) / maxKmh,
      when: `at ${maxKmh} km/h (quality.wind.maxKmh) and ${kmhPerHz} km/h per Hz`,
    };
  },
  open: (config) => Promise.resolve(openAnemometer(config)),
  simulated: () => import('./simulated.ts'),
});

export const openAnemometer = (config: AnemometerConfig): OpenInstrument => {
  const { gpio, kmhPerHz, offsetKmh, lockoutMilliseconds } = config;
  /** Cups at rest need some wind before they turn, and show none of it. */
  const speedOf = (hz: number): number => (hz === 0 ? 0 : hz * kmhPerHz + offsetKmh);
  const isPulse = createBounceFilter(lockoutMilliseconds);
  let windRun: WindRun | null = null;
  /** From the first interim measurement on. */
  let interimRun: WindRun | null = null;

  /** Rejects an interval of which less than half was measured. */
  const ratesOf = (run: WindRun | null, { atMs, lengthMs }: Interval): Measured => {
    const measuredMs = run === null ? 0 : atMs - run.fromMs;
    const rates = run === null || measuredMs <= 0 ? null : run.close(atMs);
    if (rates === null || measuredMs * 2 < lengthMs)
      throw new SensorError('not-ready', 'anemometer: less than half of the interval was measured');
    const { meanHz, gustHz } = rates;
    return { values: { windintensity: speedOf(meanHz), windgust: gustHz && speedOf(gustHz) } };
  };

  return {
    measure: (interval) => ratesOf(windRun, interval),
    measureInterim: (interval) => {
      if (windRun !== null) interimRun ??= new WindRun(interval.atMs);
      return ratesOf(interimRun, interval);
    },
    contact: {
      gpio,
      noteEdge: (atMs, level) => {
        if (!isPulse(atMs, level)) return;
        windRun?.addPulse(atMs);
        interimRun?.addPulse(atMs);
      },
      restart: (atMs) => {
        windRun = new WindRun(atMs);
        if (interimRun !== null) interimRun = new WindRun(atMs);
      },
    },
  };
};
