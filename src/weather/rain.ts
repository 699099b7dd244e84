import { goodValue } from './good-value.ts';
import type { RecentReadings } from './recent-readings.ts';

/** No tip for so long is no rain, and the first tip after a dry time is spread over as much. */
const DRY_AFTER_MS = 900_000;
/** WMO-No. 8: intensity is that of a minute at least. */
const LEAST_SPAN_MS = 60_000;
/** Two tips a minute apart may be drizzle that was nearly enough for the first: 17 mm/h where 1 fell. */
const ENOUGH_TIPS = 4;
const ENOUGH_SPAN_MS = 300_000;
const ROUNDING = 1e-6;
const HOUR_MS = 3_600_000;

type Tips = { readonly rainMm: number; readonly agoMs: number };

/**
 * Rain intensity, mm/h, from the time between tips (Stagnaro et al. 2016): what has fallen since the last tip that was
 * at least a minute and four tips, or five minutes, before the newest, over that time. While no tip comes it falls to what a tip now would mean, and
 * after 15 minutes to 0. `null` when the gauge is out of order.
 */
export const rainIntensity = (recent: RecentReadings, intervalMs: number): number | null => {
  const newest = recent.newest();
  if (newest === undefined || goodValue(newest, 'rainheight') === null) return null;
  // Within one reading nobody knows when it rained.
  const longestMs = Math.max(DRY_AFTER_MS, intervalMs);
  const tips = lastTips(recent, longestMs);
  const last = tips.at(-1);
  if (!last) return 0;
  const rainMmPerHour = intensityAtLastTip(tips, last, longestMs);
  return last.agoMs === 0 ? rainMmPerHour : Math.min(rainMmPerHour, (last.rainMm * HOUR_MS) / last.agoMs);
};

/** Tips of the time that counts, the oldest first; none if the last one is too long ago. */
const lastTips = (recent: RecentReadings, longestMs: number): readonly Tips[] => {
  const tips: Tips[] = [];
  recent.forEachBackwards((measurement, agoMs) => {
    const [last] = tips;
    const sinceMs = last === undefined ? agoMs : agoMs - last.agoMs;
    const rainMm = goodValue(measurement, 'rainheight') ?? 0;
    if (rainMm > 0 && !(last === undefined && agoMs >= longestMs)) tips.push({ rainMm, agoMs });
    return sinceMs < longestMs;
  });
  return tips.reverse();
};

/** What fell since a tip at least a minute before the last one, so long ago that enough tips came since. */
const intensityAtLastTip = (tips: readonly Tips[], last: Tips, longestMs: number): number => {
  const tipMm = Math.min(...tips.map(({ rainMm }) => rainMm));
  let rainMm = 0;
  for (const tip of tips.toReversed()) {
    const sinceMs = tip.agoMs - last.agoMs;
    if (sinceMs >= longestMs) break;
    const isEnough = rainMm >= ENOUGH_TIPS * tipMm * (1 - ROUNDING) || sinceMs >= ENOUGH_SPAN_MS;
    if (sinceMs >= LEAST_SPAN_MS && isEnough) return (rainMm * HOUR_MS) / sinceMs;
    rainMm += tip.rainMm;
  }
  const [first] = tips;
  const isBurst =
    first !== undefined && first.agoMs - last.agoMs < LEAST_SPAN_MS && tips.length >= ENOUGH_TIPS;
  return isBurst ? ((rainMm - first.rainMm) * HOUR_MS) / LEAST_SPAN_MS : (rainMm * HOUR_MS) / longestMs;
};

/** What the gauge measured in the last hour, mm; `null` when it measured nothing at all, not even 0. */
export const rainOfLastHour = (recent: RecentReadings): number | null => {
  let rainMm: number | null = null;
  recent.forEachWithin(HOUR_MS, (measurement) => {
    const mm = goodValue(measurement, 'rainheight');
    if (mm !== null) rainMm = (rainMm ?? 0) + mm;
  });
  return rainMm;
};
