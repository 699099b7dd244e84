import { type Quantity, quantitiesOf } from '../weather/quantities.ts';
import { type Check, LEAST_READINGS, leastChange } from './limits.ts';

/** A time over which a quantity stayed within the range that a stuck sensor would. */
type Standstill = {
  readonly min: number;
  readonly max: number;
  readonly heldMs: number;
  readonly readings: number;
};

export type PersistenceMemory = Readonly<Partial<Record<Quantity, Standstill>>>;

/** 15.1 - 15 is a little less than 0.1. */
const ROUNDING = 1e-9;

/** Flags a value that has not changed by the least amount for the stuck time. */
export const checkPersistence: Check<PersistenceMemory> = (memory, values, context) => {
  const { limits, observedMs } = context;
  const flags: Partial<Record<Quantity, string>> = {};
  const next: Partial<Record<Quantity, Standstill>> = {};
  for (const quantity of quantitiesOf(context.quantityTable)) {
    const value = values[quantity] ?? null;
    const least = value === null ? null : leastChange(quantity, value, context);
    if (value === null || least === null) continue;
    const standstill = continued(memory[quantity], { value, least, observedMs });
    next[quantity] = standstill;
    if (standstill.heldMs >= limits.stuckMinutes * 60_000 && standstill.readings >= LEAST_READINGS) {
      flags[quantity] = 'suspect:stuck';
    }
  }
  return { flags, memory: next };
};

type Observation = { readonly value: number; readonly least: number; readonly observedMs: number };

const continued = (
  standstill: Standstill | undefined,
  { value, least, observedMs }: Observation,
): Standstill => {
  const fresh = { min: value, max: value, heldMs: 0, readings: 1 };
  if (!standstill) return fresh;
  const min = Math.min(standstill.min, value);
  const max = Math.max(standstill.max, value);
  if (max - min >= least - ROUNDING) return fresh;
  return { min, max, heldMs: standstill.heldMs + observedMs, readings: standstill.readings + 1 };
};
