import type { MinuteMean } from './observation.ts';

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
  const mean = (of: (each: MinuteMean) => number): number =>
    means.reduce((sum, each) => sum + of(each), 0) / means.length;
  const meanMinutes = mean(({ minutesAgo }) => -minutesAgo);
  const meanValue = mean(({ value }) => value);
  const covariance = mean(({ minutesAgo, value }) => (-minutesAgo - meanMinutes) * (value - meanValue));
  const variance = mean(({ minutesAgo }) => (-minutesAgo - meanMinutes) ** 2);
  const spread = mean(({ value }) => (value - meanValue) ** 2);
  if (!(variance > 0)) return null;
  const slopePerMinute = covariance / variance;
  return {
    slopePerMinute,
    valueNow: meanValue - slopePerMinute * meanMinutes,
    fit: spread > 0 ? (slopePerMinute * covariance) / spread : 0,
  };
};
