import { z } from 'zod';
import { decimalNumber, gpioLine } from '../../config/fields.ts';
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
  quantities: () => ['windintensity', 'windgust'],
  open: (config) => Promise.resolve(openAnemometer(config)),
  simulated: () => import('./simulated.ts'),
});

export const openAnemometer = (config: AnemometerConfig): OpenInstrument => {
  const { gpio, kmhPerHz, lockoutMilliseconds } = config;
  const isPulse = createBounceFilter(lockoutMilliseconds);
  let windRun: WindRun | null = null;

  /** Rejects an interval of which less than half was measured. */
  const measure = ({ atMs, lengthMs }: Interval): Measured => {
    const measuredMs = windRun === null ? 0 : atMs - windRun.fromMs;
    const rates = windRun === null || measuredMs <= 0 ? null : windRun.close(atMs);
    if (rates === null || measuredMs * 2 < lengthMs)
      throw new SensorError('not-ready', 'anemometer: less than half of the interval was measured');
    return { values: { windintensity: rates.meanHz * kmhPerHz, windgust: rates.gustHz * kmhPerHz } };
  };

  return {
    measure,
    contact: {
      gpio,
      noteEdge: (atMs) => {
        if (isPulse(atMs)) windRun?.addPulse(atMs);
      },
      restart: (atMs) => {
        windRun = new WindRun(atMs);
      },
    },
  };
};
