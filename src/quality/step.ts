import type { QualityConfig } from '../config/quality-schema.ts';
import {
  believableChange,
  type Check,
  possibleChange,
  type SteadyQuantity,
  steadyQuantities,
} from './limits.ts';

type Reference = {
  readonly value: number;
  readonly ageMs: number;
  /** Whether the value before agreed with it: a first one may be the wrong one of two that differ. */
  readonly isConfirmed: boolean;
};

/** The last value of each quantity that passed. */
export type StepMemory = Readonly<Partial<Record<SteadyQuantity, Reference>>>;

/**
 * Flags a value that jumped from the last one that had not, and fails one that jumped by more than air can. What may be
 * real, a front or a sensor that was moved, is believed again as soon as the limit for the longer time allows it. Of
 * two first values that differ nobody knows which is wrong: the newer one is doubted and compared with from then on.
 */
export const checkSteps: Check<StepMemory> = (memory, values, { limits, sinceMs }) => {
  const flags: Partial<Record<SteadyQuantity, string>> = {};
  const next: Partial<Record<SteadyQuantity, Reference>> = {};
  for (const quantity of steadyQuantities) {
    const value = values[quantity];
    const last = memory[quantity];
    const reference = last && { ...last, ageMs: last.ageMs + sinceMs };
    const flag = value === null ? undefined : flagOf(quantity, { value, reference, limits });
    if (flag !== undefined) flags[quantity] = flag;
    const kept = referenceAfter(value, { reference, isGood: flag === undefined });
    if (kept) next[quantity] = kept;
  }
  return { flags, memory: next };
};

type Outcome = { readonly reference: Reference | undefined; readonly isGood: boolean };

const referenceAfter = (value: number | null, { reference, isGood }: Outcome): Reference | undefined => {
  if (value === null || (!isGood && reference?.isConfirmed === true)) return reference;
  return { value, ageMs: 0, isConfirmed: isGood && reference !== undefined };
};

type Candidate = {
  readonly value: number;
  readonly reference: Reference | undefined;
  readonly limits: QualityConfig;
};

const flagOf = (quantity: SteadyQuantity, { value, reference, limits }: Candidate): string | undefined => {
  if (reference === undefined) return undefined;
  const change = Math.abs(value - reference.value);
  if (reference.isConfirmed && change > possibleChange(quantity, reference.ageMs, limits))
    return 'failed:step';
  return change > believableChange(quantity, reference.ageMs, limits) ? 'suspect:step' : undefined;
};
