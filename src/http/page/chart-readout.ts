import type { HistorySeries } from '../../history/series.ts';
import { formatFlag, NOTHING } from '../../weather/format.ts';
import type { ChartDefinition } from './chart-definitions.ts';

const moment = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** What a chart spans, in words. */
export const extremesText = (
  { lines, text, unit, summary }: ChartDefinition,
  { values }: HistorySeries,
): string => {
  const known = lines.flatMap(({ of }) => of(values).filter((value) => value !== null));
  if (known.length === 0) return 'nothing measured';
  const [lowest, highest] = [Math.min(...known), Math.max(...known)];
  if (summary !== undefined) return summary(lowest, highest);
  const [from, to] = [text(lowest), text(highest)];
  return from === to ? `${to} ${unit}` : `${from} to ${to} ${unit}`;
};

/** The time and values of one row, and what is the matter with them. */
export const rowText = (
  { lines, text, unit }: ChartDefinition,
  { time, values, flags }: HistorySeries,
  row: number,
): string => {
  const words = lines.map(({ name, of }) => {
    const value = of(values)[row] ?? null;
    const quantity = value === null ? NOTHING : `${text(value)} ${unit}`.trim();
    return lines.length === 1 ? quantity : `${name} ${quantity}`;
  });
  const flagged = flags
    .filter((flag) => flag.row === row && lines.some(({ quantity }) => quantity === flag.quantity))
    .map(({ flag }) => ` (${formatFlag(flag)})`);
  return `${moment.format((time[row] ?? 0) * 1000)}  ${words.join(', ')}${flagged.join('')}`;
};
