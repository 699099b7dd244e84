import { z } from 'zod';
import {
  isOptional,
  perQuantity,
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

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
