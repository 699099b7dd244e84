import { saturationHpa } from '../weather/air.ts';
import { createNoise, seedOf } from './noise.ts';
import { wetnessOf } from './rain.ts';

const DAY_SECONDS = 86_400;
const YEAR_SECONDS = 365.2425 * DAY_SECONDS;

/** A mild coast of the temperate north. */
const YEARLY_MEAN_C = 11.5;
const YEARLY_SWING_C = 6.5;
const DAILY_SWING_C = 4.5;
/** The warmest day is in the last week of July, the warmest hour about 15:00. */
const WARMEST_DAY = 205;
const WARMEST_HOUR = 15;
const RAIN_COOLING_C = 2.5;

export type Air = { readonly temperatureC: number; readonly dewPointC: number };

export type AirInputs = {
  readonly elapsedSeconds: number;
  /** Unix time of the local mean sun: it decides the season and the time of day. */
  readonly solarSeconds: number;
  readonly rainMmPerHour: number;
};

const seasonC = (solarSeconds: number): number =>
  YEARLY_MEAN_C +
  YEARLY_SWING_C * Math.cos((2 * Math.PI * (solarSeconds - WARMEST_DAY * DAY_SECONDS)) / YEAR_SECONDS);

/** Between -1 and about 1; the second harmonic makes the night's fall longer than the morning's rise. */
const dayCurve = (solarSeconds: number): number => {
  const angle = (2 * Math.PI * (solarSeconds - WARMEST_HOUR * 3600)) / DAY_SECONDS;
  return (Math.cos(angle) + 0.2 * Math.cos(2 * angle + 0.5)) / 1.17;
};

/** Temperature and dew point: season, day curve, passing air masses and the cooling by rain. */
export const createAir = (seed: number): ((inputs: AirInputs) => Air) => {
  const airMass = createNoise(seedOf(seed, 'air mass'), 1.5 * DAY_SECONDS);
  const cloudCover = createNoise(seedOf(seed, 'cloud cover'), 0.7 * DAY_SECONDS);
  const dryness = createNoise(seedOf(seed, 'dryness'), 0.8 * DAY_SECONDS);

  return ({ elapsedSeconds, solarSeconds, rainMmPerHour }) => {
    const wetness = wetnessOf(rainMmPerHour);
    const dailyMeanC = seasonC(solarSeconds) + 2 * airMass(elapsedSeconds);
    const swingC = DAILY_SWING_C * Math.max(0.3, 1 + 0.35 * cloudCover(elapsedSeconds));
    const temperatureC = dailyMeanC + swingC * dayCurve(solarSeconds) - RAIN_COOLING_C * wetness;
    // The water in an air mass hardly changes over a day, so the dew point follows the daily mean.
    const airMassDewPointC = dailyMeanC - Math.max(1.5, 4 + 1.5 * dryness(elapsedSeconds));
    const depressionC = Math.max(0.2, temperatureC - airMassDewPointC) * (1 - 0.8 * wetness);
    return { temperatureC, dewPointC: temperatureC - depressionC };
  };
};

/** The air's small unrest over minutes, which no scenario can still. */
export const createAirRipple = (seed: number): ((air: Air, elapsedSeconds: number) => Air) => {
  const warmEddies = createNoise(seedOf(seed, 'warm eddies'), 400);
  const moistEddies = createNoise(seedOf(seed, 'moist eddies'), 600);
  return ({ temperatureC, dewPointC }, elapsedSeconds) => {
    const rippledC = temperatureC + 0.12 * warmEddies(elapsedSeconds);
    return {
      temperatureC: rippledC,
      dewPointC: Math.min(rippledC, dewPointC + 0.1 * moistEddies(elapsedSeconds)),
    };
  };
};

export const humidityPercent = ({ temperatureC, dewPointC }: Air): number =>
  100 * (saturationHpa(dewPointC) / saturationHpa(temperatureC));
