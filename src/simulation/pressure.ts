import { createNoise, type Noise, seedOf } from './noise.ts';

const MEAN_HPA = 1014;
const DAY_SECONDS = 86_400;

/** Passing highs and lows and the air's half-daily tide. Gives hPa at sea level. */
export const createSeaLevelPressure = (
  seed: number,
): ((elapsedSeconds: number, solarSeconds: number) => number) => {
  const systems = createNoise(seedOf(seed, 'pressure systems'), 2 * DAY_SECONDS);
  const troughs = createNoise(seedOf(seed, 'troughs'), 0.6 * DAY_SECONDS);
  return (elapsedSeconds, solarSeconds) =>
    MEAN_HPA +
    8 * systems(elapsedSeconds) +
    1.5 * troughs(elapsedSeconds) +
    // Highest about 10 and 22 h local time.
    0.4 * Math.cos((4 * Math.PI * (solarSeconds - 10 * 3600)) / DAY_SECONDS);
};

/** The small unrest that gusts bring to a barometer, hPa. */
export const createPressureRipple = (seed: number): Noise => {
  const ripple = createNoise(seedOf(seed, 'pressure ripple'), 120);
  return (elapsedSeconds) => 0.05 * ripple(elapsedSeconds);
};

/** The pressure at a station, by the hydrostatic equation for air of one temperature. */
export const stationPressureHpa = (
  seaLevelHpa: number,
  { elevationMetres, temperatureC }: { readonly elevationMetres: number; readonly temperatureC: number },
): number => seaLevelHpa * Math.exp((-9.80665 * elevationMetres) / (287.05 * (temperatureC + 273.15)));
