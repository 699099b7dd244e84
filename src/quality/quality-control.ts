import type { QualityConfig } from '../config/quality-schema.ts';
import {
  gustShare,
  perQuantity,
  type Quantity,
  type QuantityTable,
  quantitiesOf,
  quantityTable,
} from '../weather/quantities.ts';
import {
  elapsedMs,
  type Instant,
  type Measurement,
  observedMs,
  type QualityFlags,
  type RawMeasurement,
  SUBSTITUTE,
  type Values,
} from '../weather/reading.ts';
import {
  checkPersistence,
  checkRainBounds,
  checkSteps,
  type PersistenceMemory,
  type RainMemory,
  type StepMemory,
} from './changes.ts';
import {
  type CheckContext,
  isCalm,
  judgeRange,
  type Limits,
  learnResolutions,
  type ResolutionMemory,
  resolveLimits,
} from './limits.ts';
import { checkVane, untouchedVane, type VaneMemory } from './vane.ts';

/** What the checks remember of earlier readings: plain data. */
type QualityMemory = {
  readonly at: Instant;
  readonly rain: RainMemory;
  readonly steps: StepMemory;
  readonly resolutions: ResolutionMemory;
  readonly persistence: PersistenceMemory;
  readonly vane: VaneMemory;
  /** Quantities of which a substitute gave the last value. */
  readonly substituted: readonly Quantity[];
};

type QualityRules = {
  readonly limits: QualityConfig;
  /** Between two readings. */
  readonly intervalMs: number;
  readonly quantityTable?: QuantityTable;
};

type QualityResult = { readonly measurement: Measurement; readonly memory: QualityMemory };

/** The gust comes from counts over 3 s, the mean from counts over the interval: rounding may put it just below. */
const GUST_TOLERANCE_KMH = 0.1;

/**
 * Judges one reading by itself and by those before it. A value that fails a hard check becomes `null` with
 * `failed:range` or `failed:step`; one that is merely unlikely stays, flagged `suspect:` with `range`, `step`, `stuck`,
 * `frozen` (vane), `still` (anemometer), `bounce` or `after-failure` (rain gauge), `gust` or `dry-air`. Humidity from 100
 * to its maximum becomes 100. The reasons of missing values are passed on, as are the doubts of the instruments. The
 * first finding counts.
 */
const judge = (
  memory: QualityMemory | undefined,
  raw: RawMeasurement,
  rules: QualityRules,
  { limits, quantityTable: table, resolved }: Limits,
): QualityResult => {
  const since = memory ? elapsedMs(memory.at, raw.at) : null;
  // Nobody knows how long the station was off: earlier values tell nothing about this one.
  const known = memory !== undefined && since !== null && since >= 0 ? memory : undefined;
  const sinceMs = known && since !== null ? since : 0;
  const earlierResolutions = known?.resolutions ?? {};
  const resolutions = learnResolutions(earlierResolutions, raw.values, quantitiesOf(table));
  const context: CheckContext = {
    resolutions,
    earlierResolutions,
    limits,
    quantityTable: table,
    resolved,
    sinceMs,
    observedMs: observedMs(sinceMs, rules.intervalMs),
  };

  const inRange = passRange(raw, context);
  const rain = checkRainBounds(known?.rain ?? [], inRange.values, context);
  const { doubts } = raw;
  const substituted =
    doubts === undefined ? [] : quantitiesOf(table).filter((quantity) => doubts[quantity] === SUBSTITUTE);
  const steps = checkSteps(comparableSteps(known, substituted), inRange.values, context);
  const flags = { ...raw.doubts, ...steps.flags, ...rain.flags, ...inRange.flags };
  const values = withoutFailed(inRange.values, flags, table);
  const persistence = checkPersistence(known?.persistence ?? {}, values, context);
  const vane = checkVane(known?.vane ?? untouchedVane, values, context);
  const doubted = { ...vane.flags, ...persistence.flags, ...flags };
  const good = withoutFlagged(values, doubted, table);
  // A humidity that stands still may be stuck long before that is certain.
  const isStill = (persistence.memory.humidity?.heldMs ?? 0) >= limits.stuckMinutes * 60_000;
  const witnesses = isStill ? { ...good, humidity: null } : good;
  return {
    measurement: {
      at: raw.at,
      values: isCalm(values, limits) ? { ...values, winddirection: null } : values,
      quality: {
        ...contradictions(witnesses, values, rules),
        ...doubted,
        ...substituteFlags(substituted, flags),
      },
    },
    memory: {
      at: raw.at,
      rain: rain.memory,
      steps: steps.memory,
      resolutions,
      persistence: persistence.memory,
      vane: vane.memory,
      substituted,
    },
  };
};

/** The last values that came from the same instruments: two instruments may well differ by more than a step. */
const comparableSteps = (known: QualityMemory | undefined, substituted: readonly Quantity[]): StepMemory => {
  if (known === undefined) return {};
  if (known.substituted.length === 0 && substituted.length === 0) return known.steps;
  const isSame = (quantity: string): boolean =>
    known.substituted.some((each) => each === quantity) === substituted.some((each) => each === quantity);
  return Object.fromEntries(Object.entries(known.steps).filter(([quantity]) => isSame(quantity)));
};

/** A substitute is never silent: no other doubt takes the place of its flag. */
const substituteFlags = (substituted: readonly Quantity[], flags: QualityFlags): QualityFlags => {
  const kept: Partial<Record<Quantity, string>> = {};
  for (const quantity of substituted)
    if (flags[quantity]?.startsWith('failed:') !== true) kept[quantity] = SUBSTITUTE;
  return kept;
};

const passRange = (raw: RawMeasurement, context: CheckContext): { values: Values; flags: QualityFlags } => {
  const flags: Partial<Record<Quantity, string>> = { ...raw.faults };
  const values = perQuantity((quantity) => {
    const value = raw.values[quantity];
    if (flags[quantity] !== undefined) return null;
    if (value == null) return value;
    const verdict = judgeRange(quantity, value, context);
    if (verdict === 'failed' || (verdict === 'suspect' && !isBorneOut(quantity, value, raw.values)))
      flags[quantity] = `${verdict}:range`;
    if (verdict === 'failed') return null;
    // A sensor in saturated air may show a little more than there is.
    return quantity === 'humidity' ? Math.min(value, 100) : value;
  }, context.quantityTable);
  return { values, flags };
};

/** A typhoon's gust comes with a typhoon's wind. */
const isBorneOut = (quantity: Quantity, value: number, { windintensity }: Values): boolean =>
  quantity === 'windgust' && windintensity !== null && value <= 3 * windintensity;

/** Most readings have no flag, and a replay has millions of them. */
const isEmpty = (flags: QualityFlags): boolean => {
  for (const _ in flags) return false;
  return true;
};

const withoutFailed = (values: Values, flags: QualityFlags, table: QuantityTable): Values =>
  isEmpty(flags)
    ? values
    : perQuantity((quantity) => (flags[quantity]?.startsWith('failed:') ? null : values[quantity]), table);

const withoutFlagged = (values: Values, flags: QualityFlags, table: QuantityTable): Values =>
  isEmpty(flags)
    ? values
    : perQuantity((quantity) => (flags[quantity] === undefined ? values[quantity] : null), table);

/** Values of one reading that cannot all be true. One that is in doubt itself convicts no other. */
const contradictions = (good: Values, values: Values, rules: QualityRules): QualityFlags => ({
  ...(values.windgust !== null &&
  good.windintensity !== null &&
  !canBeGustOf(good.windintensity, values.windgust, rules)
    ? { windgust: 'suspect:gust' }
    : {}),
  ...(values.rainheight !== null &&
  values.rainheight > 0 &&
  good.humidity !== null &&
  good.humidity < rules.limits.rain.dryAirPercent
    ? { rainheight: 'suspect:dry-air' }
    : {}),
});

/** A mean over less than 3 s, or not over whole times 3 s, may be above the highest 3 s mean. */
const canBeGustOf = (
  meanKmh: number,
  gustKmh: number,
  { limits: { wind }, intervalMs }: QualityRules,
): boolean =>
  gustKmh >= meanKmh * gustShare(intervalMs) - GUST_TOLERANCE_KMH &&
  gustKmh - meanKmh <= wind.gustAboveMeanKmh;

export type QualityControl = {
  check(raw: RawMeasurement): Measurement;
};

/** Judges readings in the order they are taken. */
export const createQualityControl = (rules: QualityRules): QualityControl => {
  const limits = resolveLimits(rules.limits, rules.quantityTable ?? quantityTable);
  let memory: QualityMemory | undefined;
  return {
    check: (raw) => {
      const result = judge(memory, raw, rules, limits);
      memory = result.memory;
      return result.measurement;
    },
  };
};
