import { believableChange, type Check, type SteadyQuantity, steadyQuantities } from './limits.ts';

type Reference = { readonly value: number; readonly ageMs: number };

/** The last value of each quantity that passed. */
export type StepMemory = Readonly<Partial<Record<SteadyQuantity, Reference>>>;

/**
 * Flags a value that jumped from the last one that had not. What may be real, a front or a sensor that was moved, is
 * believed again as soon as the limit for the longer time allows it.
 */
export const checkSteps: Check<StepMemory> = (memory, values, { limits, sinceMs }) => {
  const flags: Partial<Record<SteadyQuantity, string>> = {};
  const next: Partial<Record<SteadyQuantity, Reference>> = {};
  for (const quantity of steadyQuantities) {
    const value = values[quantity];
    const last = memory[quantity];
    const reference = last && { value: last.value, ageMs: last.ageMs + sinceMs };
    if (value === null) {
      if (reference) next[quantity] = reference;
    } else if (
      reference &&
      Math.abs(value - reference.value) > believableChange(quantity, reference.ageMs, limits)
    ) {
      flags[quantity] = 'suspect:step';
      next[quantity] = reference;
    } else {
      next[quantity] = { value, ageMs: 0 };
    }
  }
  return { flags, memory: next };
};
