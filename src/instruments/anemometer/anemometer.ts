import { z } from 'zod';
import { decimalNumber, gpioLine } from '../../config/fields.ts';
import { resolveLimits, usualMax } from '../../quality/limits.ts';
import { quantityTable } from '../../weather/quantities.ts';
import { createBounceFilter } from '../contacts.ts';
import { defineInstrument, type Interval, type Measured, type OpenInstrument } from '../instrument.ts';
import { SensorError } from '../sensor-error.ts';
import { WindRun } from './wind-run.ts';

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

export type AnemometerConfig = z.output<typeof schema>;

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
