import type { TrendRule } from '../config/pre-alerts-schema.ts';
import type { Assessment } from './assessment.ts';
import { fitLine, type Line } from './line.ts';
import { type Observation, valueNow } from './observation.ts';
import { amount, limitAmount, nameOf, unitOf, written } from './quantity-names.ts';

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
