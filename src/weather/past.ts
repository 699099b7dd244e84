import { elapsedMs } from '../time/elapsed.ts';
import type { Quantity } from './quantities.ts';
import type { Measurement } from './reading.ts';

/** A measurement and how long before the newest one it was taken. */
export type Past = { readonly measurement: Measurement; readonly agoMs: number };

/**
 * The measurements of the last `spanMs`, that old ones excluded, oldest first and the newest last. Those from before a
 * reboot count only where both sides knew the time.
 */
export const lookBack = (recent: readonly Measurement[], spanMs: number): Past[] => {
  const newest = recent.at(-1);
  if (!newest) return [];
  const past: Past[] = [];
  for (const measurement of recent.toReversed()) {
    const agoMs = elapsedMs(measurement.at, newest.at);
    if (agoMs === null || agoMs < 0 || agoMs >= spanMs) break;
    past.push({ measurement, agoMs });
  }
  return past.reverse();
};

/** The value, if nothing speaks against it. */
export const goodValue = ({ values, quality }: Measurement, quantity: Quantity): number | null =>
  quality[quantity] === undefined ? (values[quantity] ?? null) : null;
