import { goodValue, type Past } from './past.ts';

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
export const rainIntensity = (past: readonly Past[], intervalMs: number): number | null => {
  const newest = past.at(-1);
  if (!newest || goodValue(newest.measurement, 'rainheight') === null) return null;
  const tips = past.flatMap(({ measurement, agoMs }): Tips[] => {
    const rainMm = goodValue(measurement, 'rainheight') ?? 0;
    return rainMm > 0 ? [{ rainMm, agoMs }] : [];
  });
  const last = tips.at(-1);
  // Within one reading nobody knows when it rained.
  const longestMs = Math.max(DRY_AFTER_MS, intervalMs);
  if (!last || last.agoMs >= longestMs) return 0;
  const rainMmPerHour = intensityAtLastTip(tips, last, longestMs);
  return last.agoMs === 0 ? rainMmPerHour : Math.min(rainMmPerHour, (last.rainMm * HOUR_MS) / last.agoMs);
};

const intensityAtLastTip = (tips: readonly Tips[], last: Tips, longestMs: number): number => {
  const isLongEnough = ({ agoMs }: Tips): boolean => agoMs - last.agoMs >= LEAST_SPAN_MS;
  const start = tips.reduceRight((newer, tip) => (isLongEnough(newer) ? newer : tip), last);
  if (start === last) return (last.rainMm * HOUR_MS) / longestMs;
  const rainMm = sum(tips.filter(({ agoMs }) => agoMs < start.agoMs));
  const overMs = Math.min(longestMs, Math.max(LEAST_SPAN_MS, start.agoMs - last.agoMs));
  return (rainMm * HOUR_MS) / overMs;
};

const sum = (tips: readonly Pick<Tips, 'rainMm'>[]): number =>
  tips.reduce((total, { rainMm }) => total + rainMm, 0);

/** What the gauge measured in the last hour, mm; `null` when it measured nothing at all, not even 0. */
export const rainOfLastHour = (past: readonly Past[]): number | null => {
  const rain = past.flatMap(({ measurement, agoMs }) => {
    const rainMm = goodValue(measurement, 'rainheight');
    return rainMm === null || agoMs >= HOUR_MS ? [] : [{ rainMm }];
  });
  return rain.length === 0 ? null : sum(rain);
};
