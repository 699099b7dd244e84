import { type Quantity, quantitiesOf } from '../weather/quantities.ts';
import type { Values } from '../weather/reading.ts';
import {
  believableChange,
  type Check,
  type CheckContext,
  knownResolution,
  type Limits,
  leastChange,
  MIN_READINGS,
  possibleChange,
  resolutionOf,
} from './limits.ts';

type Reference = {
  readonly value: number;
  readonly ageMs: number;
  /** Whether the value before agreed with it: a first one may be the wrong one of two that differ. */
  readonly isConfirmed: boolean;
};

/** The last value of each quantity that passed. */
export type StepMemory = Readonly<Partial<Record<Quantity, Reference>>>;

/** A change of so much beside a jump shows that the air itself changed: a front, foehn, the outflow of a storm. */
const COMPANY = {
  temperature: 0.5,
  humidity: 5,
  windintensity: 10,
  pressure: 0.4,
} satisfies Readonly<Partial<Record<Quantity, number>>>;

const COMPANIONS = Object.keys(COMPANY) as (keyof typeof COMPANY)[];

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
    const reference = last && {
      value: last.value,
      ageMs: last.ageMs + sinceMs,
      isConfirmed: last.isConfirmed,
    };
    const hasCompany = moved.some((each) => each !== quantity);
    const resolution = knownResolution(context.earlierResolutions, quantity);
    const flag =
      value === null
        ? undefined
        : flagOf(quantity, { value, resolution, reference, hasCompany, limits: context });
    if (flag !== undefined) flags[quantity] = flag;
    const kept = referenceAfter(value, { reference, isGood: flag === undefined });
    if (kept) next[quantity] = kept;
  }
  return { flags, memory: next };
};

/** None at all where one did what no air does: it is of no worth as a witness, and neither is the rest of its chip. */
const movedWith = (memory: StepMemory, values: Values, context: CheckContext): Quantity[] => {
  const moved: Quantity[] = [];
  for (const quantity of COMPANIONS) {
    const value = values[quantity] ?? null;
    const last = memory[quantity];
    if (value === null || last === undefined) continue;
    const change = Math.abs(value - last.value);
    const possible = possibleChange(quantity, last.ageMs + context.sinceMs, context);
    if (change > IMPOSSIBLE_FACTOR * possible) return [];
    if (change >= COMPANY[quantity]) moved.push(quantity);
  }
  return moved;
};

type Outcome = { readonly reference: Reference | undefined; readonly isGood: boolean };

const referenceAfter = (value: number | null, { reference, isGood }: Outcome): Reference | undefined => {
  if (value === null || (!isGood && reference?.isConfirmed === true)) return reference;
  return { value, ageMs: 0, isConfirmed: isGood && reference !== undefined };
};

type Candidate = {
  readonly value: number;
  /** The step in which its values come. */
  readonly resolution: number;
  readonly reference: Reference | undefined;
  readonly hasCompany: boolean;
  readonly limits: Limits;
};

const flagOf = (quantity: Quantity, candidate: Candidate): string | undefined => {
  const { value, resolution, reference, hasCompany, limits } = candidate;
  if (reference === undefined) return undefined;
  const change = Math.abs(value - reference.value);
  const possible = possibleChange(quantity, reference.ageMs, limits);
  if (reference.isConfirmed && change > possible * (hasCompany ? IMPOSSIBLE_FACTOR : 1)) return 'failed:step';
  const believable = Math.max(believableChange(quantity, reference.ageMs, limits), resolution + ROUNDING);
  if (change <= believable) return undefined;
  return hasCompany && change <= possible ? undefined : 'suspect:step';
};

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
    if (isStuck && standstill.readings >= MIN_READINGS) flags[quantity] = 'suspect:stuck';
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

/** World record of a quarter of an hour: 198 mm, Plumb Point, Jamaica, 1916 (WMO-No. 168). */
const QUARTER = { ms: 15 * MINUTE_MS, maxMm: 198 };

type Fall = { readonly mm: number; readonly agoMs: number; readonly isFailed: boolean };

/** What the gauge counted in the hour before the newest reading, believed or not. */
export type RainMemory = readonly Fall[];

/**
 * Fails rain that would make more of a minute, a quarter of an hour or an hour than ever fell. For an hour after that
 * all rain is suspect: a cable that lets water in does not always count beyond what can fall.
 */
export const checkRainBounds: Check<RainMemory> = (memory, { rainheight }, { limits, sinceMs }) => {
  const earlier = memory
    .map((fall) => ({ ...fall, agoMs: fall.agoMs + sinceMs }))
    .filter(({ agoMs }) => agoMs < HOUR_MS);
  if (rainheight === null || rainheight === 0) return { flags: {}, memory: earlier };
  const { maxMmPerMinute, maxMmPerHour } = limits.rain;
  const isBeyond = (windowMs: number, maxMm: number): boolean => {
    const before = earlier.reduce((sum, { mm, agoMs }) => (agoMs < windowMs ? sum + mm : sum), 0);
    return before + rainheight > maxMm * Math.max(1, sinceMs / windowMs);
  };
  const isFailed =
    isBeyond(MINUTE_MS, maxMmPerMinute) ||
    isBeyond(QUARTER.ms, QUARTER.maxMm) ||
    isBeyond(HOUR_MS, maxMmPerHour);
  const isNearFailed = earlier.some((fall) => fall.isFailed);
  const flag = isFailed ? 'failed:range' : 'suspect:after-failure';
  return {
    flags: isFailed || isNearFailed ? { rainheight: flag } : {},
    memory: [...earlier, { mm: rainheight, agoMs: 0, isFailed }],
  };
};
