import { createLayeredNoise, createNoise, seedOf } from './noise.ts';
import { wetnessOf } from './rain.ts';

export type MeanWind = {
  readonly meanWindMs: number;
  /** Degrees true the wind comes from. */
  readonly windDirectionDegrees: number;
  /** Standard deviation of the wind over its mean. */
  readonly gustiness: number;
};

export type Wind = { readonly windMs: number; readonly windDirectionDegrees: number };

const PREVAILING_DEGREES = 240;
const TYPICAL_MS = 3.5;
const TYPICAL_GUSTINESS = 0.2;

/** From the anemometer's own inertia up to the gap in the spectrum at some ten minutes. */
const TURBULENCE = [
  { periodSeconds: 3, weight: 0.35 },
  { periodSeconds: 10, weight: 0.5 },
  { periodSeconds: 35, weight: 0.55 },
  { periodSeconds: 120, weight: 0.4 },
  { periodSeconds: 400, weight: 0.3 },
];

const normalDegrees = (degrees: number): number => ((degrees % 360) + 360) % 360;

export type MeanWindInputs = {
  readonly elapsedSeconds: number;
  readonly solarSeconds: number;
  readonly rainMmPerHour: number;
};

/** The ten-minute wind: weather systems, the afternoon's breeze, the outflow of showers. */
export const createMeanWind = (seed: number): ((inputs: MeanWindInputs) => MeanWind) => {
  const strength = createNoise(seedOf(seed, 'wind strength'), 6 * 3600);
  const turning = createNoise(seedOf(seed, 'wind turning'), 86_400);
  const drift = createNoise(seedOf(seed, 'wind drift'), 3 * 3600);

  return ({ elapsedSeconds, solarSeconds, rainMmPerHour }) => {
    const afternoon = Math.cos((2 * Math.PI * (solarSeconds - 14 * 3600)) / 86_400);
    return {
      meanWindMs:
        TYPICAL_MS *
        Math.exp(0.45 * strength(elapsedSeconds)) *
        (1 + 0.25 * afternoon) *
        (1 + 0.4 * wetnessOf(rainMmPerHour)),
      windDirectionDegrees: normalDegrees(
        PREVAILING_DEGREES + 50 * turning(elapsedSeconds) + 20 * drift(elapsedSeconds),
      ),
      gustiness: TYPICAL_GUSTINESS,
    };
  };
};

/** The wind of this moment: the mean wind with its gusts and the swinging of its direction. */
export const createTurbulence = (seed: number): ((elapsedSeconds: number, mean: MeanWind) => Wind) => {
  const along = createLayeredNoise(seedOf(seed, 'gusts'), TURBULENCE);
  const across = createLayeredNoise(seedOf(seed, 'swinging'), TURBULENCE);
  return (elapsedSeconds, { meanWindMs, windDirectionDegrees, gustiness }) => ({
    windMs: meanWindMs * Math.max(0, 1 + gustiness * along(elapsedSeconds)),
    // The spread across the wind is about eight tenths of that along it.
    windDirectionDegrees: normalDegrees(
      windDirectionDegrees + (180 / Math.PI) * 0.8 * gustiness * across(elapsedSeconds),
    ),
  });
};
