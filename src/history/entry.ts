import { z } from 'zod';
import {
  type Instant,
  type QualityFlags,
  type Quantity,
  quantities,
  type Values,
} from '../weather/reading.ts';

/** One reading, or the mean of `count` of them. */
export type HistoryEntry = {
  /** Of the reading, or of the first one. */
  readonly at: Instant;
  readonly count: number;
  readonly values: Values;
  readonly quality: QualityFlags;
};

/** Values in the order of `quantities`: keys in each of a hundred thousand records would double the store. */
const record = z.tuple([
  z.string(),
  z.number(),
  z.number(),
  z.boolean(),
  z.int().min(1),
  z.array(z.number().nullable()).length(quantities.length),
  z.partialRecord(z.enum(quantities), z.string()),
]);

export const encodeEntry = ({ at, count, values, quality }: HistoryEntry): string => {
  const encoded: z.input<typeof record> = [
    at.bootId,
    Math.round(at.monotonicMs),
    Math.round(at.wallMs),
    at.synchronized,
    count,
    quantities.map((quantity) => values[quantity]),
    quality,
  ];
  return JSON.stringify(encoded);
};

/** Something for each quantity. */
export const perQuantity = <T>(of: (quantity: Quantity) => T): Readonly<Record<Quantity, T>> => ({
  temperature: of('temperature'),
  humidity: of('humidity'),
  winddirection: of('winddirection'),
  windintensity: of('windintensity'),
  windgust: of('windgust'),
  rainheight: of('rainheight'),
  pressure: of('pressure'),
});

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** `null` for what a damaged disk made of it: a chart does without one point. */
export const decodeEntry = (text: string): HistoryEntry | null => {
  const parsed = record.safeParse(parseJson(text));
  if (!parsed.success) return null;
  const [bootId, monotonicMs, wallMs, synchronized, count, values, quality] = parsed.data;
  return {
    at: { bootId, monotonicMs, wallMs, synchronized },
    count,
    values: perQuantity((quantity) => values[quantities.indexOf(quantity)] ?? null),
    quality,
  };
};
