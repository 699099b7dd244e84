import type { QualityConfig } from '../config/quality-schema.ts';
import { elapsedMs, observedMs } from '../time/elapsed.ts';
import {
  perQuantity,
  type Quantity,
  type QuantityTable,
  quantitiesOf,
  quantityTable,
} from '../weather/quantities.ts';
import {
  type Instant,
  type Measurement,
  type QualityFlags,
  type RawMeasurement,
  SUBSTITUTE,
  type Values,
} from '../weather/reading.ts';
import { type CheckContext, isCalm, isWithinRange } from './limits.ts';
import { checkPersistence, type PersistenceMemory } from './persistence.ts';
import { checkRainMinute, type RainMemory } from './rain-minute.ts';
import { checkSteps, type StepMemory } from './step.ts';
import { checkVane, untouchedVane, type VaneMemory } from './vane.ts';

/** What the checks remember of earlier readings: plain data. */
export type QualityMemory = {
  readonly at: Instant;
  readonly rain: RainMemory;
  readonly steps: StepMemory;
  readonly persistence: PersistenceMemory;
  readonly vane: VaneMemory;
  /** Quantities of which a substitute gave the last value. */
  readonly substituted: readonly Quantity[];
};

export type QualityRules = {
  readonly limits: QualityConfig;
  /** Between two readings. */
  readonly intervalMs: number;
  readonly quantityTable?: QuantityTable;
};

export type QualityResult = { readonly measurement: Measurement; readonly memory: QualityMemory };

/** The gust comes from counts over 3 s, the mean from counts over the interval: rounding may put it just below. */
const GUST_TOLERANCE_KMH = 0.1;

/**
 * Judges one reading by itself and by those before it. A value that fails a hard check becomes `null` with
 * `failed:range` or `failed:step`; one that is merely unlikely stays, flagged `suspect:` with `step`, `stuck`, `frozen`
 * (vane), `still` (anemometer), `bounce` (rain gauge), `dew-point`, `gust` or `dry-air`. The reasons of missing values
 * are passed on, as are the doubts of the instruments. The first finding counts.
 */
const judge = (
  memory: QualityMemory | undefined,
  raw: RawMeasurement,
  { limits, intervalMs, quantityTable: table = quantityTable }: QualityRules,
): QualityResult => {
  const since = memory ? elapsedMs(memory.at, raw.at) : null;
  // Nobody knows how long the station was off: earlier values tell nothing about this one.
  const known = memory !== undefined && since !== null && since >= 0 ? memory : undefined;
  const sinceMs = known && since !== null ? since : 0;
  const context: CheckContext = {
    limits,
    quantityTable: table,
    sinceMs,
    observedMs: observedMs(sinceMs, intervalMs),
  };

  const inRange = passRange(raw, context);
  const rain = checkRainMinute(known?.rain ?? [], inRange.values, context);
  const substituted = quantitiesOf(table).filter((quantity) => raw.doubts?.[quantity] === SUBSTITUTE);
  const steps = checkSteps(comparableSteps(known, substituted), inRange.values, context);
  const flags = { ...raw.doubts, ...steps.flags, ...rain.flags, ...inRange.flags };
  const values = withoutFailed(inRange.values, flags, table);
  const persistence = checkPersistence(known?.persistence ?? {}, values, context);
  const vane = checkVane(known?.vane ?? untouchedVane, values, context);
  return {
    measurement: {
      at: raw.at,
      values: isCalm(values, limits) ? { ...values, winddirection: null } : values,
      quality: {
        ...contradictions(values, limits),
        ...vane.flags,
        ...persistence.flags,
        ...flags,
        ...substituteFlags(substituted, flags),
      },
    },
    memory: {
      at: raw.at,
      rain: rain.memory,
      steps: steps.memory,
      persistence: persistence.memory,
      vane: vane.memory,
      substituted,
    },
  };
};

/** The last values that came from the same instruments: two instruments may well differ by more than a step. */
const comparableSteps = (known: QualityMemory | undefined, substituted: readonly Quantity[]): StepMemory => {
  if (known === undefined) return {};
  const isSame = (quantity: string): boolean =>
    known.substituted.some((each) => each === quantity) === substituted.some((each) => each === quantity);
  return Object.fromEntries(Object.entries(known.steps).filter(([quantity]) => isSame(quantity)));
};

/** A substitute is never silent: no other doubt takes the place of its flag. */
const substituteFlags = (substituted: readonly Quantity[], flags: QualityFlags): QualityFlags =>
  Object.fromEntries(
    substituted
      .filter((quantity) => flags[quantity]?.startsWith('failed:') !== true)
      .map((quantity) => [quantity, SUBSTITUTE]),
  );

const passRange = (raw: RawMeasurement, context: CheckContext): { values: Values; flags: QualityFlags } => {
  const flags: Partial<Record<Quantity, string>> = { ...raw.faults };
  const values = perQuantity((quantity) => {
    const value = raw.values[quantity];
    if (flags[quantity] !== undefined) return null;
    if (value == null || isWithinRange(quantity, value, context)) return value;
    flags[quantity] = 'failed:range';
    return null;
  }, context.quantityTable);
  return { values, flags };
};

const withoutFailed = (values: Values, flags: QualityFlags, table: QuantityTable): Values =>
  perQuantity((quantity) => (flags[quantity]?.startsWith('failed:') ? null : values[quantity]), table);

/** Values of one reading that cannot all be true. Above 100 %RH the dew point lies above the temperature. */
const contradictions = (
  { humidity, rainheight, windgust, windintensity }: Values,
  limits: QualityConfig,
): QualityFlags => ({
  ...(humidity !== null && humidity > 100 ? { humidity: 'suspect:dew-point' } : {}),
  ...(windgust !== null && windintensity !== null && !canBeGustOf(windintensity, windgust, limits)
    ? { windgust: 'suspect:gust' }
    : {}),
  ...(rainheight !== null && rainheight > 0 && humidity !== null && humidity < limits.rain.dryAirPercent
    ? { rainheight: 'suspect:dry-air' }
    : {}),
});

const canBeGustOf = (meanKmh: number, gustKmh: number, { wind }: QualityConfig): boolean =>
  gustKmh >= meanKmh - GUST_TOLERANCE_KMH && gustKmh - meanKmh <= wind.gustAboveMeanKmh;

export type QualityControl = {
  check(raw: RawMeasurement): Measurement;
};

/** Judges readings in the order they are taken. */
export const createQualityControl = (rules: QualityRules): QualityControl => {
  let memory: QualityMemory | undefined;
  return {
    check: (raw) => {
      const result = judge(memory, raw, rules);
      memory = result.memory;
      return result.measurement;
    },
  };
};
