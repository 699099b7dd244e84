import { meanDirectionDegrees } from '../weather/mean-direction.ts';
import {
  type Combination,
  perQuantity,
  type Quantity,
  type QuantityTable,
  quantityTable,
} from '../weather/quantities.ts';
import type { QualityFlags } from '../weather/reading.ts';
import type { HistoryEntry } from './entry.ts';

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

const combinations: Readonly<Record<Combination, Combine>> = { mean, sum, highest, direction };

const combine = (
  entries: readonly HistoryEntry[],
  quantity: Quantity,
  table: QuantityTable,
): number | null | undefined => {
  const measured = entries.filter(({ values }) => values[quantity] !== undefined);
  const [first, ...others] = measured.flatMap(({ values, count }): Weighted[] => {
    const value = values[quantity];
    return value == null ? [] : [{ value, count }];
  });
  if (first === undefined) return measured.length === 0 ? undefined : null;
  return combinations[table[quantity].combine]([first, ...others]);
};

/** Of several flags on one quantity the earliest stays. */
const flagsOf = (entries: readonly HistoryEntry[]): QualityFlags =>
  Object.assign({}, ...entries.map(({ quality }) => quality).reverse());

/** One entry for one or more; a quantity that any of them flagged is flagged. */
export const meanOf = (
  entries: readonly HistoryEntry[],
  table: QuantityTable = quantityTable,
): HistoryEntry => {
  const [first] = entries;
  if (first === undefined) throw new RangeError('a mean of nothing');
  return {
    at: first.at,
    count: entries.reduce((total, { count }) => total + count, 0),
    values: perQuantity((quantity) => combine(entries, quantity, table), table),
    quality: flagsOf(entries),
  };
};
