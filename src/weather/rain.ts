import { goodValue } from './good-value.ts';
import type { RecentReadings } from './recent-readings.ts';

/** No tip for so long is no rain, and the first tip after a dry time is spread over as much. */
const DRY_AFTER_MS = 900_000;
/** WMO-No. 8: intensity is that of a minute at least. */
const LEAST_SPAN_MS = 60_000;
const HOUR_MS = 3_600_000;

type Tips = { readonly rainMm: number; readonly agoMs: number };

/**
 * Rain intensity, mm/h, from the time between tips (Stagnaro et al. 2016): what has fallen since the last tip that was
 * at least a minute before the newest, over that time. While no tip comes it falls to what a tip now would mean, and
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

/** Tips back to the first one that is a minute before the newest, the oldest first; none if that is too long ago. */
const lastTips = (recent: RecentReadings, longestMs: number): readonly Tips[] => {
  const tips: Tips[] = [];
  recent.forEachBackwards((measurement, agoMs) => {
    const [last] = tips;
    if (last === undefined && agoMs >= longestMs) return false;
    const rainMm = goodValue(measurement, 'rainheight') ?? 0;
    if (rainMm > 0) tips.push({ rainMm, agoMs });
    return last === undefined || rainMm === 0 || agoMs - last.agoMs < LEAST_SPAN_MS;
  });
  return tips.reverse();
};

const intensityAtLastTip = (tips: readonly Tips[], last: Tips, longestMs: number): number => {
  const isLongEnough = ({ agoMs }: Tips): boolean => agoMs - last.agoMs >= LEAST_SPAN_MS;
  const start = tips.findLast(isLongEnough) ?? tips[0] ?? last;
  if (start === last) return (last.rainMm * HOUR_MS) / longestMs;
  const rainMm = tips.filter(({ agoMs }) => agoMs < start.agoMs).reduce((sum, tip) => sum + tip.rainMm, 0);
  const overMs = Math.min(longestMs, Math.max(LEAST_SPAN_MS, start.agoMs - last.agoMs));
  return (rainMm * HOUR_MS) / overMs;
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
