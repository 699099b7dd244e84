import { meanDirectionDegrees } from '../weather/mean-direction.ts';
import type { QualityFlags, Quantity } from '../weather/reading.ts';
import { type HistoryEntry, perQuantity } from './entry.ts';

type Weighted = { readonly value: number; readonly count: number };
type Combine = (parts: readonly [Weighted, ...Weighted[]]) => number | null;

/** Half the last digit of any quantity's message is far coarser; without it JSON carries 17 digits. */
const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;

const mean: Combine = (parts) => {
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  return rounded(parts.reduce((sum, part) => sum + part.value * part.count, 0) / count);
};

const sum: Combine = (parts) => rounded(parts.reduce((total, { value }) => total + value, 0));

const highest: Combine = (parts) => Math.max(...parts.map(({ value }) => value));

const direction: Combine = (parts) => {
  const degrees = meanDirectionDegrees(parts.map(({ value }) => value));
  return degrees === null ? null : Math.round(degrees) % 360;
};

/** What several readings of a quantity come to: rain adds up, a gust is the highest, a direction is a vector's. */
const combinations: Readonly<Record<Quantity, Combine>> = {
  temperature: mean,
  humidity: mean,
  winddirection: direction,
  windintensity: mean,
  windgust: highest,
  rainheight: sum,
  pressure: mean,
};

const combine = (entries: readonly HistoryEntry[], quantity: Quantity): number | null => {
  const [first, ...others] = entries.flatMap(({ values, count }): Weighted[] => {
    const value = values[quantity];
    return value === null ? [] : [{ value, count }];
  });
  return first === undefined ? null : combinations[quantity]([first, ...others]);
};

/** Of several flags on one quantity the earliest stays. */
const flagsOf = (entries: readonly HistoryEntry[]): QualityFlags =>
  Object.assign({}, ...entries.map(({ quality }) => quality).reverse());

/** One entry for one or more; a quantity that any of them flagged is flagged. */
export const meanOf = (entries: readonly HistoryEntry[]): HistoryEntry => {
  const [first] = entries;
  if (first === undefined) throw new RangeError('a mean of nothing');
  return {
    at: first.at,
    count: entries.reduce((total, { count }) => total + count, 0),
    values: perQuantity((quantity) => combine(entries, quantity)),
    quality: flagsOf(entries),
  };
};
