import { goodValue } from './good-value.ts';
import type { RecentReadings } from './recent-readings.ts';

export type MeanWind = { readonly meanKmh: number | null; readonly directionDegrees: number | null };

/** WMO-No. 8, wind: averaged over ten minutes. */
export const WIND_MEAN_MS = 600_000;
/** WMO-No. 8, AWS: a mean needs two thirds of its samples. */
const LEAST_COVERED = 2 / 3;
/** WMO-No. 8, wind: below 0.5 m/s it is calm and has no direction. The configuration may set another threshold. */
export const CALM_KMH = 1.8;
const RADIANS_PER_DEGREE = Math.PI / 180;

/**
 * Scalar mean of the speed and direction of the mean vector over the last ten minutes. Each reading stands for the
 * time since the one before, an interval at most: nothing is known of a gap. `null` below two thirds of known time.
 */
export const meanWind = (recent: RecentReadings, intervalMs: number, calmKmh: number): MeanWind => {
  let speedMs = 0;
  let speedSum = 0;
  let directionMs = 0;
  let east = 0;
  let north = 0;
  let previousAgoMs = Number.POSITIVE_INFINITY;
  recent.forEachWithin(WIND_MEAN_MS, (measurement, agoMs) => {
    const sinceMs = previousAgoMs - agoMs;
    previousAgoMs = agoMs;
    const speedKmh = goodValue(measurement, 'windintensity');
    if (speedKmh === null) return;
    const weightMs = Math.min(sinceMs, intervalMs, WIND_MEAN_MS - agoMs);
    speedMs += weightMs;
    speedSum += weightMs * speedKmh;
    const degrees = goodValue(measurement, 'winddirection');
    if (degrees === null && speedKmh >= calmKmh) return;
    directionMs += weightMs;
    // A calm has no direction and no weight in the mean vector either.
    if (degrees === null) return;
    east += weightMs * speedKmh * Math.sin(degrees * RADIANS_PER_DEGREE);
    north += weightMs * speedKmh * Math.cos(degrees * RADIANS_PER_DEGREE);
  });
  const isKnown = (knownMs: number): boolean => knownMs >= LEAST_COVERED * WIND_MEAN_MS;
  const meanKmh = isKnown(speedMs) ? speedSum / speedMs : null;
  const hasDirection = meanKmh !== null && meanKmh >= calmKmh && isKnown(directionMs);
  return { meanKmh, directionDegrees: hasDirection ? directionOf(east, north, directionMs) : null };
};

/** Winds that cancel each other out have no direction: a resultant below this, km/h, is rounding. */
const SHORTEST_RESULTANT_KMH = 0.01;

const directionOf = (east: number, north: number, overMs: number): number | null => {
  if (Math.hypot(east, north) < SHORTEST_RESULTANT_KMH * overMs) return null;
  const degrees = Math.atan2(east, north) / RADIANS_PER_DEGREE;
  // A tiny negative angle plus 360 rounds to 360 itself.
  return degrees >= 0 ? degrees : (degrees + 360) % 360;
};
