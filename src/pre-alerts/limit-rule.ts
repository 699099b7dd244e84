import type { LimitRule } from '../config/pre-alerts-schema.ts';
import { type Assessment, judgeLevels } from './assessment.ts';
import type { Severity } from './event.ts';
import { type Observation, valueNow } from './observation.ts';
import { amount, limitAmount, nameOf, unitOf } from './quantity-names.ts';

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
    ...judged,
    subjects: [],
    limits: rule,
    report: { quantity, value, limit: judged.limit, unit: unitOf(quantity), minutestolimit: null },
    sentence: (severity) => {
      const limit = rule[severity] ?? judged.limit;
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
