import type { Quantity } from '../weather/quantities.ts';
import type { Values } from '../weather/reading.ts';

type Learnt = { readonly last: number; readonly smallestChange: number | null };

/** For each quantity the last value, and the smallest change from one value to the next. */
export type ResolutionMemory = Readonly<Partial<Record<Quantity, Learnt>>>;

/** Differences below it are rounding of binary fractions and of converted units. */
const ROUNDING = 1e-5;

export const learnResolutions = (
  memory: ResolutionMemory,
  values: Values,
  quantities: readonly Quantity[],
): ResolutionMemory => {
  const next: Partial<Record<Quantity, Learnt>> = { ...memory };
  for (const quantity of quantities) {
    const value = values[quantity] ?? null;
    const known = memory[quantity];
    if (value === null || value === known?.last) continue;
    const distance = known === undefined ? 0 : Math.abs(value - known.last);
    const change = quantity === 'winddirection' ? Math.min(distance, 360 - distance) : distance;
    const smallest = known?.smallestChange ?? null;
    const isSmaller = change > ROUNDING && (smallest === null || change < smallest);
    next[quantity] = { last: value, smallestChange: isSmaller ? change : smallest };
  }
  return next;
};

/** The step in which a quantity's values come; `null` before it ever changed. */
export const resolutionOf = (memory: ResolutionMemory, quantity: Quantity): number | null =>
  memory[quantity]?.smallestChange ?? null;
