import type { Check } from './limits.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** World record of a quarter of an hour: 198 mm, Plumb Point, Jamaica, 1916 (WMO-No. 168). */
const QUARTER = { ms: 15 * MINUTE_MS, maxMm: 198 };

type Fall = { readonly mm: number; readonly agoMs: number; readonly isFailed: boolean };

/** What the gauge counted in the hour before the newest reading, believed or not. */
export type RainMemory = readonly Fall[];

/**
 * Fails rain that would make more of a minute, a quarter of an hour or an hour than ever fell. For an hour after that
 * all rain is suspect: a cable that lets water in does not always count beyond what can fall.
 */
export const checkRainBounds: Check<RainMemory> = (memory, { rainheight }, { limits, sinceMs }) => {
  const earlier = memory
    .map((fall) => ({ ...fall, agoMs: fall.agoMs + sinceMs }))
    .filter(({ agoMs }) => agoMs < HOUR_MS);
  if (rainheight === null || rainheight === 0) return { flags: {}, memory: earlier };
  const { maxMmPerMinute, maxMmPerHour } = limits.rain;
  const isBeyond = (windowMs: number, maxMm: number): boolean => {
    const before = earlier.reduce((sum, { mm, agoMs }) => (agoMs < windowMs ? sum + mm : sum), 0);
    return before + rainheight > maxMm * Math.max(1, sinceMs / windowMs);
  };
  const isFailed =
    isBeyond(MINUTE_MS, maxMmPerMinute) ||
    isBeyond(QUARTER.ms, QUARTER.maxMm) ||
    isBeyond(HOUR_MS, maxMmPerHour);
  const isNearFailed = earlier.some((fall) => fall.isFailed);
  const flag = isFailed ? 'failed:range' : 'suspect:after-failure';
  return {
    flags: isFailed || isNearFailed ? { rainheight: flag } : {},
    memory: [...earlier, { mm: rainheight, agoMs: 0, isFailed }],
  };
};
