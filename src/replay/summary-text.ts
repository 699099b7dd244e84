import { formatDuration } from '../weather/format.ts';
import type { Quantity } from '../weather/quantities.ts';
import type { QuantitySummary, RuleSummary, Summary } from './summary.ts';

const count = (number: number, one: string, several = `${one}s`): string =>
  `${number} ${number === 1 ? one : several}`;

const quantityLine = (quantity: string, found: QuantitySummary): string => {
  const range = found.lowest === null ? '' : `, ${short(found.lowest)} to ${short(found.highest ?? 0)}`;
  const resolution = found.resolution === null ? '' : `, steps of ${short(found.resolution)}`;
  const flags = Object.entries(found.flags)
    .sort(([, a], [, b]) => b - a)
    .map(([flag, times]) => `${times} ${flag}`);
  const notes = [
    ...(found.badFields > 0
      ? [count(found.badFields, 'field that is no value', 'fields that are no value')]
      : []),
    ...flags,
  ];
  return `  ${quantity}: ${count(found.values, 'value')}${range}${resolution}; ${notes.length === 0 ? 'no flag' : notes.join(', ')}`;
};

/** Without the noise of binary fractions. */
const short = (value: number): string => String(Number(value.toPrecision(5)));

const ruleLine = ({ rule, events, whyNever }: RuleSummary): string => {
  const times = Object.entries(events).map(([transition, number]) => `${number} ${transition}`);
  const what = times.length === 0 ? 'no event' : times.join(', ');
  return `  ${rule}: ${whyNever === null ? what : `could not be judged: ${whyNever}`}`;
};

/** The summary for a person. */
export const summaryText = (summary: Summary): string => {
  const { readings, from, to, stepSeconds, gaps, repeated, skippedLines, events } = summary;
  const step = stepSeconds === null ? '' : `, one every ${formatDuration(stepSeconds)}`;
  const span = from === null ? '' : `, from ${from} to ${to} UTC${step}`;
  const longest = `, ${formatDuration(gaps.seconds)} in all, the longest ${formatDuration(gaps.longestSeconds)} from ${gaps.longestFrom}`;
  return [
    `${count(readings, 'reading')}${span}`,
    gaps.count === 0 ? 'no gap' : `${count(gaps.count, 'gap')}${longest}`,
    `${repeated} repeated, ${count(skippedLines, 'line')} skipped, ${count(events, 'event')}`,
    'values:',
    ...(Object.entries(summary.quantities) as [Quantity, QuantitySummary][]).map(([quantity, found]) =>
      quantityLine(quantity, found),
    ),
    'rules:',
    ...summary.rules.map(ruleLine),
    '',
  ].join('\n');
};
