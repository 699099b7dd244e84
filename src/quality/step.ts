import { type Quantity, quantitiesOf } from '../weather/quantities.ts';
import type { Values } from '../weather/reading.ts';
import { believableChange, type Check, type CheckContext, type Limits, possibleChange } from './limits.ts';

type Reference = {
  readonly value: number;
  readonly ageMs: number;
  /** Whether the value before agreed with it: a first one may be the wrong one of two that differ. */
  readonly isConfirmed: boolean;
};

/** The last value of each quantity that passed. */
export type StepMemory = Readonly<Partial<Record<Quantity, Reference>>>;

/** A change of so much beside a jump shows that the air itself changed: a front, foehn, the outflow of a storm. */
const COMPANY: Readonly<Partial<Record<Quantity, number>>> = {
  temperature: 0.5,
  humidity: 5,
  windintensity: 10,
  pressure: 0.4,
};

/** No air does so many times the limit beyond which a change fails, whatever else moves. */
const IMPOSSIBLE_FACTOR = 5;

/**
 * Flags a value that jumped from the last one that had not, unless another quantity moved with it; fails one that
 * jumped alone by more than air can. What may be real, a sensor that was moved, is believed again as soon as the limit
 * for the longer time allows it. Of two first values that differ nobody knows which is wrong: the newer one is doubted
 * and compared with from then on.
 */
export const checkSteps: Check<StepMemory> = (memory, values, context) => {
  const { sinceMs, quantityTable } = context;
  const flags: Partial<Record<Quantity, string>> = {};
  const next: Partial<Record<Quantity, Reference>> = {};
  const moved = movedWith(memory, values, context);
  for (const quantity of quantitiesOf(quantityTable)) {
    if (quantityTable[quantity].steady === undefined) continue;
    const value = values[quantity] ?? null;
    const last = memory[quantity];
    const reference = last && { ...last, ageMs: last.ageMs + sinceMs };
    const hasCompany = moved.some((each) => each !== quantity);
    const flag =
      value === null ? undefined : flagOf(quantity, { value, reference, hasCompany, limits: context });
    if (flag !== undefined) flags[quantity] = flag;
    const kept = referenceAfter(value, { reference, isGood: flag === undefined });
    if (kept) next[quantity] = kept;
  }
  return { flags, memory: next };
};

/** None at all where one did what no air does: it is of no worth as a witness, and neither is the rest of its chip. */
const movedWith = (memory: StepMemory, values: Values, context: CheckContext): Quantity[] => {
  const changes = (Object.keys(COMPANY) as Quantity[]).flatMap((quantity) => {
    const value = values[quantity] ?? null;
    const last = memory[quantity];
    return value === null || last === undefined
      ? []
      : [{ quantity, last, change: Math.abs(value - last.value) }];
  });
  const isImpossible = changes.some(
    ({ quantity, last, change }) =>
      change > IMPOSSIBLE_FACTOR * possibleChange(quantity, last.ageMs + context.sinceMs, context),
  );
  if (isImpossible) return [];
  return changes.flatMap(({ quantity, change }) => (change >= (COMPANY[quantity] ?? 0) ? [quantity] : []));
};

type Outcome = { readonly reference: Reference | undefined; readonly isGood: boolean };

const referenceAfter = (value: number | null, { reference, isGood }: Outcome): Reference | undefined => {
  if (value === null || (!isGood && reference?.isConfirmed === true)) return reference;
  return { value, ageMs: 0, isConfirmed: isGood && reference !== undefined };
};

type Candidate = {
  readonly value: number;
  readonly reference: Reference | undefined;
  readonly hasCompany: boolean;
  readonly limits: Limits;
};

const flagOf = (quantity: Quantity, candidate: Candidate): string | undefined => {
  const { value, reference, hasCompany, limits } = candidate;
  if (reference === undefined) return undefined;
  const change = Math.abs(value - reference.value);
  const possible = possibleChange(quantity, reference.ageMs, limits);
  if (reference.isConfirmed && change > possible * (hasCompany ? IMPOSSIBLE_FACTOR : 1)) return 'failed:step';
  if (change <= believableChange(quantity, reference.ageMs, limits)) return undefined;
  return hasCompany && change <= possible ? undefined : 'suspect:step';
};
