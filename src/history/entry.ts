import { z } from 'zod';
import { meanDirectionDegrees } from '../weather/derived.ts';
import { parseJson } from '../weather/format.ts';
import {
  type Combination,
  isOptional,
  perQuantity,
  type Quantity,
  type QuantityTable,
  quantitiesOf,
  quantityTable,
} from '../weather/quantities.ts';
import type { Instant, QualityFlags, Values } from '../weather/reading.ts';

/** One reading, or the mean of `count` of them. */
export type HistoryEntry = {
  /** Of the reading, or of the first one. */
  readonly at: Instant;
  readonly count: number;
  readonly values: Values;
  readonly quality: QualityFlags;
};

/**
 * Values in the order of the table: keys in each of a hundred thousand records would double the store. Another release
 * may know fewer quantities, or more.
 */
const record = z.tuple([
  z.string(),
  z.number(),
  z.number(),
  z.boolean(),
  z.int().min(1),
  z.array(z.number().nullable()),
  z.record(z.string(), z.string()),
]);

export const encodeEntry = (
  { at, count, values, quality }: HistoryEntry,
  table: QuantityTable = quantityTable,
): string => {
  const columns = quantitiesOf(table).map((quantity) => values[quantity] ?? null);
  const last = quantitiesOf(table).findLastIndex(
    (quantity) => !isOptional(table[quantity]) || values[quantity] != null,
  );
  const encoded: z.input<typeof record> = [
    at.bootId,
    Math.round(at.monotonicMs),
    Math.round(at.wallMs),
    at.synchronized,
    count,
    columns.slice(0, last + 1),
    quality,
  ];
  return JSON.stringify(encoded);
};

/** `null` for what a damaged disk made of it: a chart does without one point. */
export const decodeEntry = (text: string, table: QuantityTable = quantityTable): HistoryEntry | null => {
  const parsed = record.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const [bootId, monotonicMs, wallMs, synchronized, count, columns, quality] = parsed.data;
  const names = quantitiesOf(table);
  return {
    at: { bootId, monotonicMs, wallMs, synchronized },
    count,
    values: perQuantity((quantity) => {
      const value = columns[names.indexOf(quantity)] ?? null;
      const isMeasured = value !== null || quality[quantity] !== undefined;
      return isMeasured || !isOptional(table[quantity]) ? value : undefined;
    }, table),
    quality,
  };
};

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
