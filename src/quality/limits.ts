import type { QualityConfig } from '../config/quality-schema.ts';
import {
  type LimitName,
  limitsOf,
  type Quantity,
  type QuantityRecord,
  type QuantityTable,
  quantitiesOf,
} from '../weather/quantities.ts';
import type { Values } from '../weather/reading.ts';

type Learnt = { readonly last: number; readonly smallestChange: number | null; readonly changes: number };

/** For each quantity the last value, and the smallest change from one value to the next. */
export type ResolutionMemory = Readonly<Partial<Record<Quantity, Learnt>>>;

/** Differences below it are rounding of binary fractions and of converted units. */
const ROUNDING = 1e-5;

export const learnResolutions = (
  memory: ResolutionMemory,
  values: Values,
  quantities: readonly Quantity[],
): ResolutionMemory => {
  const next: Partial<Record<Quantity, Learnt>> = {};
  for (const quantity of quantities) {
    const value = values[quantity] ?? null;
    const known = memory[quantity];
    const learnt = value === null || value === known?.last ? known : learn(known, value, quantity);
    if (learnt !== undefined) next[quantity] = learnt;
  }
  return next;
};

const learn = (known: Learnt | undefined, value: number, quantity: Quantity): Learnt => {
  const distance = known === undefined ? 0 : Math.abs(value - known.last);
  const change = quantity === 'winddirection' ? Math.min(distance, 360 - distance) : distance;
  const smallest = known?.smallestChange ?? null;
  const isSmaller = change > ROUNDING && (smallest === null || change < smallest);
  const changes = (known?.changes ?? -1) + 1;
  return { last: value, smallestChange: isSmaller ? change : smallest, changes };
};

/** The step in which a quantity's values come; `null` before it ever changed. */
export const resolutionOf = (memory: ResolutionMemory, quantity: Quantity): number | null =>
  memory[quantity]?.smallestChange ?? null;

/** Fewer changes may all have been jumps. */
const MIN_CHANGES = 5;

/** The same once it is sure; 0 before. */
export const knownResolution = (memory: ResolutionMemory, quantity: Quantity): number =>
  (memory[quantity]?.changes ?? 0) < MIN_CHANGES ? 0 : (resolutionOf(memory, quantity) ?? 0);

type Resolved = Readonly<Partial<Record<Quantity, Partial<Record<LimitName, number>>>>>;

/** The limits in force. */
export type Limits = {
  readonly limits: QualityConfig;
  readonly quantityTable: QuantityTable;
  /** As configured, by quantity. */
  readonly resolved: Resolved;
};

/** What the checks know of the present reading besides its values. */
export type CheckContext = Limits & {
  /** Since the previous reading; 0 where nobody knows. */
  readonly sinceMs: number;
  /** How much of that was observed. */
  readonly observedMs: number;
  /** What is known of the steps in which values come. */
  readonly resolutions: ResolutionMemory;
  /** What was known of them before the present reading. */
  readonly earlierResolutions: ResolutionMemory;
};

type Sections = Readonly<Record<string, number | Readonly<Record<string, number>>>>;

/** Finds the limits once: they are looked up a hundred times a reading. */
export const resolveLimits = (limits: QualityConfig, quantityTable: QuantityTable): Limits => {
  const resolved: Partial<Record<Quantity, Partial<Record<LimitName, number>>>> = {};
  for (const quantity of quantitiesOf(quantityTable)) {
    resolved[quantity] = resolve(quantityTable[quantity], limits);
  }
  return { limits, quantityTable, resolved };
};

const resolve = (record: QuantityRecord, limits: QualityConfig): Partial<Record<LimitName, number>> => {
  const sections: Sections = limits;
  const section = sections[record.configured?.section ?? ''];
  return Object.fromEntries(
    Object.entries(limitsOf(record)).map(([name, limit]) => {
      if (typeof limit !== 'object') return [name, limit];
      const value = typeof section === 'object' ? section[`${name}${record.configured?.unit}`] : undefined;
      return [name, value ?? limit.value];
    }),
  );
};

/** As configured; `undefined` where the quantity has no such limit. */
const limitOf = (quantity: Quantity, name: LimitName, limits: Limits): number | undefined =>
  limits.resolved[quantity]?.[name];

/** The most that its instrument is made for, at the configured limits. */
export const usualMax = (quantity: Quantity, limits: Limits): number =>
  limitOf(quantity, 'max', limits) as number;

/** Values outside of it fail, at the configured limits. */
export const possibleRange = (
  quantity: Quantity,
  limits: Limits,
): { readonly min: number; readonly max: number } => {
  const max = usualMax(quantity, limits);
  const min = limitOf(quantity, 'min', limits) as number;
  return { min, max: Math.max(max, limits.quantityTable[quantity].record ?? max) };
};

/** `suspect` is beyond what the instrument is made for, and within what air has done. */
export const judgeRange = (
  quantity: Quantity,
  value: number,
  limits: Limits,
): 'good' | 'suspect' | 'failed' => {
  // Every quantity has a range.
  const { min, max } = possibleRange(quantity, limits);
  // NaN fails, too.
  if (!(value >= min && value <= max)) return 'failed';
  return value > usualMax(quantity, limits) ? 'suspect' : 'good';
};

/** Readings that agree prove nothing as long as they are fewer: hourly ones often do. */
export const MIN_READINGS = 10;

/** WMO states the step for values a minute apart; half a minute allows for a late reading. */
const isStepAfter = (ageMs: number): boolean => ageMs <= 90_000;

/** Largest change from the last good value that is believed after `ageMs`. */
export const believableChange = (quantity: Quantity, ageMs: number, limits: Limits): number => {
  const isStep = isStepAfter(ageMs);
  if (!isStep && ageMs > 3_600_000) return Number.POSITIVE_INFINITY;
  return limitOf(quantity, isStep ? 'step' : 'hourlyChange', limits) ?? Number.POSITIVE_INFINITY;
};

/** Largest change from the last good value after `ageMs` that air can do at all. */
export const possibleChange = (quantity: Quantity, ageMs: number, limits: Limits): number =>
  (isStepAfter(ageMs) ? limitOf(quantity, 'stepFails', limits) : undefined) ?? Number.POSITIVE_INFINITY;

/** What a working sensor's value changes by at least over the stuck time. */
type LeastChange = {
  readonly change: number;
  /** Whether the value is so near to the end of its scale that it may well stand still for longer. */
  readonly isSaturated: boolean;
};

/** `null` where a value may stand still for any time. */
export const leastChange = (quantity: Quantity, value: number, limits: Limits): LeastChange | null => {
  const isCalmWind = quantity === 'windintensity' && value < limits.limits.wind.calmKmh;
  const change = limitOf(quantity, 'stuck', limits);
  if (isCalmWind || change === undefined) return null;
  const isSaturated = value > (limitOf(quantity, 'stuckUpTo', limits) ?? Number.POSITIVE_INFINITY);
  return { change, isSaturated };
};

/** Whether the wind is known to be too weak to have a direction. */
export const isCalm = ({ windintensity }: Values, { wind }: QualityConfig): boolean =>
  windintensity !== null && windintensity < wind.calmKmh;

const turnDegrees = (from: number, to: number): number => {
  const turn = Math.abs(from - to) % 360;
  return Math.min(turn, 360 - turn);
};

/** Whether two directions differ by at least so much; an unknown one tells nothing. */
export const hasTurned = (from: number | null, to: number | null, byDegrees: number): boolean =>
  from !== null && to !== null && turnDegrees(from, to) >= byDegrees;

/** A flag `failed:…` takes the value away. */
type Checked<Memory> = { readonly flags: Partial<Record<Quantity, string>>; readonly memory: Memory };

export type Check<Memory> = (memory: Memory, values: Values, context: CheckContext) => Checked<Memory>;
