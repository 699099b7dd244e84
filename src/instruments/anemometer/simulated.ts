import { seedOf } from '../../simulation/noise.ts';
import { createPulseTrain } from '../../simulation/pulse-train.ts';
import { bounceOf } from '../../simulation/scenario.ts';
import type { SimulatedInstrument, Surroundings } from '../instrument.ts';

const KMH_PER_MS = 3.6;
/** Below the time scale of gusts, and few enough steps to simulate days in seconds. */
const STEP_SECONDS = 0.25;
/** The magnet holds the contact closed for a part of the rotation. */
const CLOSED_SHARE = 0.25;

export const simulate = (
  {
    gpio,
    kmhPerHz,
    offsetKmh,
  }: { readonly gpio: number; readonly kmhPerHz: number; readonly offsetKmh: number },
  { scenario, weatherAt }: Surroundings,
): SimulatedInstrument => {
  const train = createPulseTrain({
    seed: seedOf(scenario.seed, 'anemometer'),
    rateHzAt: (elapsedSeconds) =>
      Math.max(0, weatherAt(elapsedSeconds).windMs * KMH_PER_MS - offsetKmh) / kmhPerHz,
    stepSeconds: STEP_SECONDS,
    closedSecondsAt: (rateHz) => CLOSED_SHARE / rateHz,
    bounceAt: bounceOf(scenario, 'wind'),
  });
  return { trains: new Map([[gpio, train]]) };
};
