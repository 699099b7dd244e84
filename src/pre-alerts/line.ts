import type { MinuteMean } from '../weather/recent-readings.ts';

export type Line = {
  /** Change in a minute. */
  readonly slopePerMinute: number;
  /** The line's value now, not that of the last reading with its noise. */
  readonly valueNow: number;
  /** Share of the variance that the line explains (R²), 0 to 1. */
  readonly fit: number;
};

/** The least-squares line; `null` where two points do not make one. */
export const fitLine = (means: readonly MinuteMean[]): Line | null => {
  let minutesSum = 0;
  let valueSum = 0;
  for (const { minutesAgo, value } of means) {
    minutesSum -= minutesAgo;
    valueSum += value;
  }
  const meanMinutes = minutesSum / means.length;
  const meanValue = valueSum / means.length;
  let covariance = 0;
  let variance = 0;
  let spread = 0;
  for (const { minutesAgo, value } of means) {
    const minutes = -minutesAgo - meanMinutes;
    covariance += minutes * (value - meanValue);
    variance += minutes ** 2;
    spread += (value - meanValue) ** 2;
  }
  if (!(variance > 0)) return null;
  const slopePerMinute = covariance / variance;
  return {
    slopePerMinute,
    valueNow: meanValue - slopePerMinute * meanMinutes,
    fit: spread > 0 ? (slopePerMinute * covariance) / spread : 0,
  };
};
