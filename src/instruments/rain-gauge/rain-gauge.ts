import { z } from 'zod';
import { decimalNumber, gpioLine } from '../../config/fields.ts';
import { defineInstrument, type InstrumentParts, type Measured, type OpenInstrument } from '../instrument.ts';
import { fastestTipMs, type Rain, TippingBucket } from './tipping-bucket.ts';

const schema = z
  .strictObject({
    gpio: gpioLine().describe('BCM number of the line. 0 to 27; 6 has a pull-up from power-on.'),
    mmPerTip: decimalNumber(0.01, 10)
      .default(0.2794)
      .describe('Rain in one tip of the bucket, mm. 0.01 to 10.'),
    lockoutMilliseconds: decimalNumber(0, 1000)
      .default(150)
      .describe(
        'Edges that follow a counted one within this time are contact bounce, ms. 0 to 1000; without it less for a bucket that tips faster.',
      ),
  })
  .describe('Tipping bucket with a reed contact to ground.');

export type RainGaugeConfig = z.output<typeof schema>;

/** A tipping bucket whose contact closes once a tip. */
export const rainGauge = defineInstrument({
  key: 'rainGauge',
  title: 'Rain gauge',
  schema,
  wiring: { gpios: ['gpio'] },
  corrections: ['mmPerTip', 'lockoutMilliseconds'],
  quantities: () => ['rainheight'],
  lockout: (config, { rain }) => ({
    ms: config.lockoutMilliseconds,
    isDefaultShortened: true,
    shortestMs: (60_000 * config.mmPerTip) / rain.maxMmPerMinute,
    when: `at ${rain.maxMmPerMinute} mm a minute (quality.rain.maxMmPerMinute) and ${config.mmPerTip} mm a tip`,
  }),
  open: (config, parts) => openRainGauge(config, parts),
  simulated: () => import('./simulated.ts'),
});

/** Reads the totals of earlier runs. */
const openRainGauge = async (
  config: RainGaugeConfig,
  { outbox, log }: Pick<InstrumentParts, 'outbox' | 'log'>,
): Promise<OpenInstrument> => {
  const { gpio, mmPerTip, lockoutMilliseconds } = config;
  const lockoutMs = Math.min(lockoutMilliseconds, fastestTipMs(mmPerTip));
  const bucket = await TippingBucket.open({ mmPerTip, lockoutMs, outbox, log });
  return {
    measure: ({ atMs }) => {
      const { mm, isTooFast, state, settle } = bucket.close(atMs);
      return {
        ...rainOf({ mm, isTooFast }),
        state,
        settle,
      };
    },
    measureInterim: ({ atMs }) => rainOf(bucket.closeInterim(atMs)),
    contact: { gpio, noteEdge: (atMs, level) => bucket.noteEdge(atMs, level) },
    save: () => bucket.save(),
  };
};

const rainOf = ({ mm, isTooFast }: Rain): Measured => ({
  values: { rainheight: mm },
  doubts: isTooFast ? { rainheight: 'suspect:bounce' } : {},
});
