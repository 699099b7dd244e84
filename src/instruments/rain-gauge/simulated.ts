import { seedOf } from '../../simulation/noise.ts';
import { createPulseTrain } from '../../simulation/pulse-train.ts';
import { bounceOf } from '../../simulation/scenario.ts';
import type { SimulatedInstrument, Surroundings } from '../instrument.ts';

const STEP_SECONDS = 1;
/** The magnet passes the contact at the speed of the bucket, whatever the rain. */
const CLOSED_SECONDS = 0.2;
const MAX_CLOSED_SHARE = 0.5;

export const simulate = (
  { gpio, mmPerTip }: { readonly gpio: number; readonly mmPerTip: number },
  { scenario, weatherAt }: Surroundings,
): SimulatedInstrument => {
  const train = createPulseTrain({
    seed: seedOf(scenario.seed, 'rain gauge'),
    rateHzAt: (elapsedSeconds) => weatherAt(elapsedSeconds).rainMmPerHour / 3600 / mmPerTip,
    stepSeconds: STEP_SECONDS,
    closedSecondsAt: (rateHz) => Math.min(CLOSED_SECONDS, MAX_CLOSED_SHARE / rateHz),
    bounceAt: bounceOf(scenario, 'rain'),
  });
  return { trains: new Map([[gpio, train]]) };
};
