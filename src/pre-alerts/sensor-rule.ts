import type { SensorRule } from '../config/pre-alerts-schema.ts';
import type { Assessment } from './assessment.ts';
import type { Observation } from './observation.ts';
import { nameOf } from './quantity-names.ts';

/** What stops rules for longer: a jump is believed after a minute and a half, an extreme may be real. */
const isTrouble = (flag: string | undefined): flag is string =>
  flag !== undefined && /^missing:|^failed:range$|^suspect:(?!step$|range$|gust$)/.test(flag);

/** Says which of its quantities have no valid value. */
export const assessSensor = (
  { quantities, severity }: SensorRule,
  { measurement: { quality } }: Observation,
): Assessment => {
  const troubled = quantities.flatMap((quantity) => {
    const flag = quality[quantity];
    return isTrouble(flag) ? [{ quantity, flag }] : [];
  });
  const isBad = troubled.length > 0;
  const flags = [...new Set(troubled.map(({ flag }) => flag))];
  return {
    raise: isBad ? severity : null,
    holds: isBad,
    subjects: troubled.map(({ quantity }) => quantity),
    report: {
      quantity: troubled.map(({ quantity }) => quantity).join(','),
      value: null,
      limit: null,
      unit: '',
      minutestolimit: null,
    },
    sentence: () =>
      `No valid value: ${troubled.map(({ quantity }) => nameOf(quantity).toLowerCase()).join(', ')} (${flags.join(', ')}).`,
    endSentence: () => 'All its sensors give valid values again.',
  };
};
