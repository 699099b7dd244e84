import { type Quantity, quantitiesOf } from '../weather/quantities.ts';
import { believableChange, type Check, type Limits, possibleChange } from './limits.ts';

type Reference = {
  readonly value: number;
  readonly ageMs: number;
  /** Whether the value before agreed with it: a first one may be the wrong one of two that differ. */
  readonly isConfirmed: boolean;
};

/** The last value of each quantity that passed. */
export type StepMemory = Readonly<Partial<Record<Quantity, Reference>>>;

/**
 * Flags a value that jumped from the last one that had not, and fails one that jumped by more than air can. What may be
 * real, a front or a sensor that was moved, is believed again as soon as the limit for the longer time allows it. Of
 * two first values that differ nobody knows which is wrong: the newer one is doubted and compared with from then on.
 */
export const checkSteps: Check<StepMemory> = (memory, values, context) => {
  const { sinceMs, quantityTable } = context;
  const flags: Partial<Record<Quantity, string>> = {};
  const next: Partial<Record<Quantity, Reference>> = {};
  for (const quantity of quantitiesOf(quantityTable)) {
    if (quantityTable[quantity].steady === undefined) continue;
    const value = values[quantity] ?? null;
    const last = memory[quantity];
    const reference = last && { ...last, ageMs: last.ageMs + sinceMs };
    const flag = value === null ? undefined : flagOf(quantity, { value, reference, limits: context });
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
  readonly limits: Limits;
};

const flagOf = (quantity: Quantity, { value, reference, limits }: Candidate): string | undefined => {
  if (reference === undefined) return undefined;
  const change = Math.abs(value - reference.value);
  if (reference.isConfirmed && change > possibleChange(quantity, reference.ageMs, limits))
    return 'failed:step';
  return change > believableChange(quantity, reference.ageMs, limits) ? 'suspect:step' : undefined;
};
