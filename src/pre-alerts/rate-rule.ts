import type { RateRule } from '../config/pre-alerts-schema.ts';
import { type Assessment, judgeLevels } from './assessment.ts';
import type { Severity } from './event.ts';
import { fitLine } from './line.ts';
import { type Observation, valueNow } from './observation.ts';
import { amount, limitAmount, nameOf, unitOf } from './quantity-names.ts';

/** A slope over less of its window than this says little about the window. */
const LEAST_SPAN = 2 / 3;
/** Share of the window's readings that must be there. */
const LEAST_READINGS = 1 / 2;

/** `null` while the value is not known, or its past not well enough. */
export const assessRate = (
  rule: RateRule,
  observation: Observation,
  held: Severity | null,
): Assessment | null => {
  const { quantity, direction, windowMinutes } = rule;
  if (valueNow(observation, quantity) === null) return null;
  const means = observation.recent.minuteMeans(quantity, windowMinutes);
  const spanMinutes = Math.max(...means.map(({ minutesAgo }) => minutesAgo));
  const expected = windowMinutes / Math.max(1, observation.intervalMs / 60_000);
  const line = fitLine(means);
  if (line === null || spanMinutes < LEAST_SPAN * windowMinutes || means.length < LEAST_READINGS * expected) {
    return null;
  }
  const sign = direction === 'rising' ? 1 : -1;
  // Worse is more, in the direction the rule watches.
  const change = sign * line.slopePerMinute * windowMinutes;
  const judged = judgeLevels(change, rule, { sign: 1, held });
  const verb = direction === 'rising' ? 'rises' : 'falls';
  const span = windowMinutes % 60 === 0 ? `${windowMinutes / 60} h` : `${windowMinutes} min`;
  return {
    ...judged,
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
      `${nameOf(quantity)} ${verb} by ${amount(quantity, change)} in ${span}; the ${severity} limit is ${limitAmount(quantity, rule[severity] ?? judged.limit)}.`,
    endSentence: () =>
      `${nameOf(quantity)} no longer ${verb} so fast: ${amount(quantity, change)} in ${span}.`,
  };
};
