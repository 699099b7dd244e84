import type {
  LimitRule,
  PreAlertRule,
  RateRule,
  SensorRule,
  TrendRule,
} from '../config/pre-alerts-schema.ts';
import type { QualityConfig } from '../config/quality-schema.ts';
import { possibleRange, resolveLimits } from '../quality/limits.ts';
import {
  type DerivedQuantity,
  derivedTable,
  HEAT_INDEX_MIN_C,
  MAX_ELEVATION_METRES,
  WIND_CHILL_MAX_C,
} from '../weather/derived.ts';
import { formatDuration } from '../weather/format.ts';
import { type Quantity, quantityTable } from '../weather/quantities.ts';
import type { Measurement } from '../weather/reading.ts';
import { isUsable, type MinuteMeans } from '../weather/recent-readings.ts';
import {
  type Assessment,
  judgeLevels,
  type Levels,
  type Observation,
  type RuleQuantity,
  type Severity,
  valueNow,
} from './assessment.ts';

/** What a station can give its rules. */
type RuleGround = {
  /** Quantities that something measures. */
  readonly measured: ReadonlySet<Quantity>;
  readonly intervalMs: number;
  readonly elevationMetres: number | undefined;
  /** The limits of quality control, where they hold. */
  readonly limits?: QualityConfig;
};

const NEEDS: Readonly<Record<Exclude<RuleQuantity, Quantity>, readonly Quantity[]>> = {
  windmean: ['windintensity'],
  windmaxgust: ['windgust'],
  rainintensity: ['rainheight'],
  rainhour: ['rainheight'],
  dewpoint: ['temperature', 'humidity'],
  sealevelpressure: ['pressure', 'temperature'],
  pressuretendency: ['pressure'],
  heatindex: ['temperature', 'humidity'],
  windchill: ['temperature', 'windintensity'],
};

const isDerived = (quantity: RuleQuantity | Quantity): quantity is Exclude<RuleQuantity, Quantity> =>
  Object.hasOwn(NEEDS, quantity);

const needsOf = (quantity: RuleQuantity | Quantity): readonly Quantity[] =>
  isDerived(quantity) ? NEEDS[quantity] : [quantity];

/** Whether nothing but these quantities decides about a rule. */
export const isJudgedBy = (rule: PreAlertRule, quantities: ReadonlySet<Quantity>): boolean =>
  rule.kind !== 'sensor' && needsOf(rule.quantity).every((quantity) => quantities.has(quantity));

/** What follows from these quantities alone, of all that is derived. */
export const derivedFrom = (quantities: ReadonlySet<Quantity>) =>
  (Object.keys(NEEDS) as (keyof typeof NEEDS)[]).filter((derived) =>
    NEEDS[derived].every((quantity) => quantities.has(quantity)),
  );

/** What keeps a rule from being judged now, as a sentence; empty where nothing is flagged. */
export const whyNotJudged = (rule: PreAlertRule, { quality }: Measurement): string => {
  if (rule.kind === 'sensor') return '';
  const flagged = needsOf(rule.quantity).flatMap((quantity) => {
    const flag = quality[quantity];
    return flag === undefined || isUsable(flag) ? [] : [`${nameOf(quantity).toLowerCase()} (${flag})`];
  });
  return flagged.length === 0 ? '' : `Not judged: no good value of ${flagged.join(' and ')}.`;
};

const list = (quantities: readonly Quantity[]): string =>
  quantities.map((quantity) => nameOf(quantity).toLowerCase()).join(' and ');

/** A rule is raised at a severity for which it has a limit. */
const limitFor = (levels: Levels, severity: Severity): number => levels[severity] as number;

/** Values that a quantity can have; of what is derived, as far as its definition bounds it. */
const rangeOf = (
  quantity: RuleQuantity,
  limits: QualityConfig,
): { readonly min: number; readonly max: number } => {
  const inForce = resolveLimits(limits, quantityTable);
  const of = (each: Quantity) => possibleRange(each, inForce);
  const { maxMmPerMinute, maxMmPerHour } = limits.rain;
  switch (quantity) {
    case 'windmean':
      return of('windintensity');
    case 'windmaxgust':
      return of('windgust');
    case 'rainintensity':
      return { min: 0, max: 60 * maxMmPerMinute };
    case 'rainhour':
      return { min: 0, max: maxMmPerHour };
    case 'dewpoint':
      return { min: Number.NEGATIVE_INFINITY, max: of('temperature').max };
    case 'heatindex':
      return { min: HEAT_INDEX_MIN_C, max: Number.POSITIVE_INFINITY };
    case 'windchill':
      return { min: Number.NEGATIVE_INFINITY, max: WIND_CHILL_MAX_C };
    case 'sealevelpressure':
    case 'pressuretendency':
      return { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };
    default:
      return of(quantity);
  }
};

/** That a limit lies where no value is left by quality control. */
const unreachableLimit = (rule: LimitRule | RateRule | TrendRule, limits: QualityConfig): string | null => {
  const { min, max } = rangeOf(rule.quantity, limits);
  const levels = rule.kind === 'trend' ? [rule.limit] : [rule.warning, rule.alert];
  const isBeyond = (limit: number): boolean => {
    if (rule.kind === 'rate') return limit > max - min;
    return rule.direction === 'above' ? limit > max : limit < min;
  };
  const beyond = levels.find((limit) => limit !== undefined && isBeyond(limit));
  return beyond === undefined
    ? null
    : `${limitAmount(rule.quantity, beyond)} is outside ${written(min, 1)} to ${written(max, 1)} ${unitOf(rule.quantity)}, which is all that its quantity can be`;
};

/** Why a rule can never be judged, as a clause of a sentence; `null` where it can. */
export const whyNeverJudged = (
  rule: PreAlertRule,
  { measured, intervalMs, elevationMetres, limits }: RuleGround,
): string | null => {
  if (rule.kind === 'sensor') {
    const absent = rule.quantities.filter((quantity) => !measured.has(quantity));
    return absent.length === rule.quantities.length ? 'nothing measures any of its quantities' : null;
  }
  const missing = needsOf(rule.quantity).filter((quantity) => !measured.has(quantity));
  if (missing.length > 0) return `nothing measures ${list(missing)}`;
  if (rule.quantity === 'sealevelpressure') {
    if (elevationMetres === undefined) return 'sea-level pressure needs station.elevationMetres';
    if (elevationMetres > MAX_ELEVATION_METRES)
      return `sea-level pressure is not computed above ${MAX_ELEVATION_METRES} m`;
  }
  const unreachable = limits === undefined ? null : unreachableLimit(rule, limits);
  if (unreachable !== null) return unreachable;
  if (rule.kind === 'limit') return null;
  const windowMs = rule.windowMinutes * 60_000;
  const inWindow = Math.ceil(windowMs / Math.max(intervalMs, 60_000));
  const needed = rule.kind === 'trend' ? rule.minSamples : 2;
  if (inWindow >= needed) return null;
  return `its window of ${rule.windowMinutes} min holds ${inWindow} of the ${needed} values it needs at a reading every ${formatDuration(intervalMs / 1000)}`;
};

const table = { ...quantityTable, ...derivedTable };

const nameOf = (quantity: Quantity | DerivedQuantity): string => table[quantity].name;

const unitOf = (quantity: Quantity | DerivedQuantity): string => table[quantity].unit;

/** A number as a person writes it: `40`, `36.2`. */
const written = (value: number, decimals: number): string => String(Number(value.toFixed(decimals)));

/** A value with its unit, as precise as the instrument: `36.2 °C`. */
const amount = (quantity: Quantity | DerivedQuantity, value: number): string =>
  // Without the minus of -0.0.
  `${value.toFixed(table[quantity].shownDecimals).replace(/^-(0(?:\.0+)?)$/, '$1')} ${unitOf(quantity)}`;

/** A limit with its unit, as it was configured: `40 °C`. */
const limitAmount = (quantity: Quantity | DerivedQuantity, limit: number): string =>
  `${written(limit, 2)} ${unitOf(quantity)}`;

type Line = {
  /** Change in a minute. */
  readonly slopePerMinute: number;
  /** The line's value now, not that of the last reading with its noise. */
  readonly valueNow: number;
  /** Share of the variance that the line explains (R²), 0 to 1. */
  readonly fit: number;
};

/** The least-squares line; `null` where two points do not make one. */
const fitLine = ({ length, minutesAgo, values }: MinuteMeans): Line | null => {
  let minutesSum = 0;
  let valueSum = 0;
  for (let index = 0; index < length; index += 1) {
    minutesSum -= minutesAgo[index] as number;
    valueSum += values[index] as number;
  }
  const meanMinutes = minutesSum / length;
  const meanValue = valueSum / length;
  let covariance = 0;
  let variance = 0;
  let spread = 0;
  for (let index = 0; index < length; index += 1) {
    const minutes = -(minutesAgo[index] as number) - meanMinutes;
    const deviation = (values[index] as number) - meanValue;
    covariance += minutes * deviation;
    variance += minutes * minutes;
    spread += deviation * deviation;
  }
  if (!(variance > 0)) return null;
  const slopePerMinute = covariance / variance;
  return {
    slopePerMinute,
    valueNow: meanValue - slopePerMinute * meanMinutes,
    fit: spread > 0 ? (slopePerMinute * covariance) / spread : 0,
  };
};

/** `null` while the value is not known: the rule then stays as it is. */
export const assessLimit = (
  rule: LimitRule,
  observation: Observation,
  held: Severity | null,
): Assessment | null => {
  const { quantity, direction } = rule;
  const value = valueNow(observation, quantity);
  if (value === null) return null;
  const sign = direction === 'above' ? 1 : -1;
  const judged = judgeLevels(value, rule, { sign, held });
  return {
    raise: judged.raise,
    holds: judged.holds,
    subjects: [],
    limits: rule,
    report: { quantity, value, limit: judged.limit, unit: unitOf(quantity), minutestolimit: null },
    sentence: (severity) => {
      const limit = limitFor(rule, severity);
      const isBeyond = sign * (value - limit) >= 0;
      const now = `${nameOf(quantity)} is ${amount(quantity, value)}`;
      return isBeyond
        ? `${now}; the ${severity} limit is ${limitAmount(quantity, limit)}.`
        : `${now}, after ${limitAmount(quantity, limit)}, the ${severity} limit, was reached.`;
    },
    endSentence: () =>
      `${nameOf(quantity)} is ${amount(quantity, value)} and well ${direction === 'above' ? 'below' : 'above'} the limit again.`,
  };
};

/** A slope over less of its window than this says little about the window. */
const MIN_SPAN = 2 / 3;
/** Share of the window's readings that must be there. */
const MIN_READINGS = 1 / 2;

/** `null` while the value is not known, or its past not well enough. */
export const assessRate = (
  rule: RateRule,
  observation: Observation,
  held: Severity | null,
): Assessment | null => {
  const { quantity, direction, windowMinutes } = rule;
  if (valueNow(observation, quantity) === null) return null;
  const means = observation.recent.minuteMeans(quantity, windowMinutes);
  // Without any there is no line either.
  const spanMinutes = means.minutesAgo[0] as number;
  const expected = windowMinutes / Math.max(1, observation.intervalMs / 60_000);
  const line = fitLine(means);
  if (line === null || spanMinutes < MIN_SPAN * windowMinutes || means.length < MIN_READINGS * expected) {
    return null;
  }
  const sign = direction === 'rising' ? 1 : -1;
  // Worse is more, in the direction the rule watches.
  const change = sign * line.slopePerMinute * windowMinutes;
  const judged = judgeLevels(change, rule, { sign: 1, held });
  const [verb, back] = direction === 'rising' ? ['rises', 'falls'] : ['falls', 'rises'];
  const span = windowMinutes % 60 === 0 ? `${windowMinutes / 60} h` : `${windowMinutes} min`;
  return {
    raise: judged.raise,
    holds: judged.holds,
    subjects: [],
    limits: rule,
    report: {
      quantity,
      value: change,
      limit: judged.limit,
      unit: `${unitOf(quantity)} in ${span}`,
      minutestolimit: null,
    },
    sentence: (severity) =>
      `${nameOf(quantity)} ${verb} by ${amount(quantity, change)} in ${span}; the ${severity} limit is ${limitAmount(quantity, limitFor(rule, severity))}.`,
    endSentence: () =>
      change < 0
        ? `${nameOf(quantity)} ${back} now: by ${amount(quantity, -change)} in ${span}.`
        : `${nameOf(quantity)} no longer ${verb} so fast: ${amount(quantity, change)} in ${span}.`,
  };
};

/**
 * When the limit will be reached if things go on as they do. Raised on a clear trend only; kept, once raised, through
 * a less clear one, and while the value is beyond the limit. `null` while value or past are not known well enough.
 */
export const assessTrend = (rule: TrendRule, observation: Observation): Assessment | null => {
  const { quantity, direction, limit } = rule;
  const value = valueNow(observation, quantity);
  if (value === null) return null;
  const means = observation.recent.minuteMeans(quantity, rule.windowMinutes);
  const line = means.length < rule.minSamples ? null : fitLine(means);
  if (line === null) return null;
  const sign = direction === 'above' ? 1 : -1;
  const isReached = sign * (value - limit) >= 0;
  const minutesToLimit = isReached ? 0 : minutesUntil(limit, line, sign);
  const isNear = (minutes: number): boolean => minutesToLimit !== null && minutesToLimit <= minutes;
  return {
    raise: !isReached && isNear(rule.horizonMinutes) && isClear(rule, line) ? rule.severity : null,
    holds: isNear(rule.clearHorizonMinutes),
    subjects: [],
    report: { quantity, value, limit, unit: unitOf(quantity), minutestolimit: minutesToLimit },
    sentence: () => sentenceOf(rule, { value, line, isReached, minutesToLimit }),
    endSentence: () =>
      `${nameOf(quantity)} is ${amount(quantity, value)} and no longer about to reach ${limitAmount(quantity, limit)}.`,
  };
};

/** `null` when the line does not lead there. */
const minutesUntil = (limit: number, { slopePerMinute, valueNow }: Line, sign: 1 | -1): number | null =>
  sign * slopePerMinute > 0 ? Math.max(0, (limit - valueNow) / slopePerMinute) : null;

const isClear = ({ minFit, minChange, windowMinutes }: TrendRule, line: Line): boolean =>
  line.fit >= minFit && Math.abs(line.slopePerMinute) * windowMinutes >= minChange;

type Course = {
  readonly value: number;
  readonly line: Line;
  readonly isReached: boolean;
  readonly minutesToLimit: number | null;
};

const sentenceOf = ({ quantity, limit }: TrendRule, course: Course): string => {
  const state = `${nameOf(quantity)} is ${amount(quantity, course.value)}`;
  if (course.isReached) return `${state}: it has reached ${limitAmount(quantity, limit)}, as foreseen.`;
  const perHour = course.line.slopePerMinute * 60;
  const change = `${written(Math.abs(perHour), 1)} ${unitOf(quantity)} an hour`;
  const verb = perHour < 0 ? 'falls' : 'rises';
  if (course.minutesToLimit === null) return `${state} and ${verb} by ${change}.`;
  const minutes = Math.max(1, Math.round(course.minutesToLimit));
  return `${state}, ${verb} by ${change}, and will reach ${limitAmount(quantity, limit)} in about ${minutes} min.`;
};

/**
 * What stops rules for longer: a jump is believed after a minute and a half, an extreme may be real, and a substitute
 * measures what the first instrument does not.
 */
const isTrouble = (flag: string | undefined): boolean =>
  flag !== undefined && /^missing:|^failed:range$|^suspect:(?!step$|range$|gust$|substitute$)/.test(flag);

/** Says which of its quantities have no valid value. */
export const assessSensor = (
  { quantities, severity }: SensorRule,
  { measurement: { quality } }: Observation,
): Assessment => {
  const troubled = quantities.filter((quantity) => isTrouble(quality[quantity]));
  const isBad = troubled.length > 0;
  return {
    raise: isBad ? severity : null,
    holds: isBad,
    subjects: troubled,
    report: {
      quantity: troubled.join(','),
      value: null,
      limit: null,
      unit: '',
      minutestolimit: null,
    },
    sentence: () => {
      const flags = new Set(troubled.map((quantity) => quality[quantity]));
      const names = troubled.map((quantity) => nameOf(quantity).toLowerCase());
      return `No valid value: ${names.join(', ')} (${[...flags].join(', ')}).`;
    },
    endSentence: () => 'All its sensors give valid values again.',
  };
};
