import { type Quantity, quantitiesOf } from '../weather/quantities.ts';
import type { Values } from '../weather/reading.ts';
import { type Check, type CheckContext, LEAST_READINGS, leastChange } from './limits.ts';
import { resolutionOf } from './resolution.ts';

/** A time over which a quantity stayed within the range that a stuck sensor would. */
type Standstill = {
  readonly min: number;
  readonly max: number;
  readonly heldMs: number;
  readonly readings: number;
  /** Of the air meanwhile, °C; `null` where it was not measured. */
  readonly coldestC: number | null;
  readonly warmestC: number | null;
};

export type PersistenceMemory = Readonly<Partial<Record<Quantity, Standstill>>>;

/** 15.1 - 15 is a little less than 0.1. */
const ROUNDING = 1e-9;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A sensor whose resolution is not known yet, as it never changed: so many stuck times. */
const UNKNOWN_RESOLUTION_FACTOR = 24;

/**
 * Saturated air stays saturated while its temperature moves little. The most a sound sensor showed at 100 %RH was 131 h
 * (Ellbögen, Tyrol).
 */
const SATURATED = { swingKelvin: 10, leastMs: 12 * HOUR_MS, mostMs: 144 * HOUR_MS };

/**
 * Flags a value that stands still for longer than a sound sensor's does: for the stuck time where the values come in
 * steps as fine as the least change, for longer in proportion where they are coarser. Humidity near saturation is
 * flagged when the temperature has moved a lot meanwhile, or after days.
 */
export const checkPersistence: Check<PersistenceMemory> = (memory, values, context) => {
  const flags: Partial<Record<Quantity, string>> = {};
  const next: Partial<Record<Quantity, Standstill>> = {};
  for (const quantity of quantitiesOf(context.quantityTable)) {
    const value = values[quantity] ?? null;
    const least = value === null ? null : leastChange(quantity, value, context);
    if (value === null || least === null) continue;
    const standstill = continued(memory[quantity], { value, least: least.change, values, context });
    next[quantity] = standstill;
    const isStuck = least.isSaturated
      ? isStuckAtSaturation(standstill)
      : standstill.heldMs >= stuckMs(quantity, least.change, context);
    if (isStuck && standstill.readings >= LEAST_READINGS) flags[quantity] = 'suspect:stuck';
  }
  return { flags, memory: next };
};

/** For ever where the steps are too coarse for the check. */
const stuckMs = (quantity: Quantity, least: number, { limits, resolutions }: CheckContext): number => {
  const usualMs = limits.stuckMinutes * MINUTE_MS;
  const resolution = resolutionOf(resolutions, quantity);
  // Wind of a whole metre a second may stay in one step for as long as it likes.
  if (quantity === 'windintensity')
    return resolution !== null && resolution > least ? Number.POSITIVE_INFINITY : usualMs;
  if (resolution === null) return usualMs * UNKNOWN_RESOLUTION_FACTOR;
  // 15.1 - 15 is a little more than 0.1, too.
  return usualMs * Math.max(1, (resolution - ROUNDING) / least);
};

const isStuckAtSaturation = ({ heldMs, coldestC, warmestC }: Standstill): boolean => {
  const swing = coldestC === null || warmestC === null ? 0 : warmestC - coldestC;
  return heldMs >= SATURATED.mostMs || (heldMs >= SATURATED.leastMs && swing >= SATURATED.swingKelvin);
};

type Observation = {
  readonly value: number;
  readonly least: number;
  readonly values: Values;
  readonly context: CheckContext;
};

const continued = (
  standstill: Standstill | undefined,
  { value, least, values: { temperature }, context }: Observation,
): Standstill => {
  const fresh = {
    min: value,
    max: value,
    heldMs: 0,
    readings: 1,
    coldestC: temperature,
    warmestC: temperature,
  };
  if (!standstill) return fresh;
  const min = Math.min(standstill.min, value);
  const max = Math.max(standstill.max, value);
  if (max - min >= least - ROUNDING) return fresh;
  const { coldestC, warmestC } = standstill;
  return {
    min,
    max,
    heldMs: standstill.heldMs + context.observedMs,
    readings: standstill.readings + 1,
    coldestC: temperature === null ? coldestC : Math.min(coldestC ?? temperature, temperature),
    warmestC: temperature === null ? warmestC : Math.max(warmestC ?? temperature, temperature),
  };
};
