import {
  isOptional,
  type PerQuantity,
  perQuantity,
  type Quantity,
  type QuantityTable,
  quantitiesOf,
  quantityTable,
} from '../weather/quantities.ts';
import { type HistoryEntry, meanOf } from './entry.ts';

/** What a chart draws: one column for the time and one for each quantity, all of the same length. */
export type HistorySeries = {
  readonly minutes: number;
  /** What a row stands for: the reporting interval, or longer where readings were put together. */
  readonly rowSeconds: number;
  /** Whether the station has measured anything before the span; if not, it was not silent there but not yet born. */
  readonly hasEarlier: boolean;
  /** Unix time, s, ascending. */
  readonly time: readonly number[];
  /**
   * `null` where nothing was measured; a row of nothing but `null` stands where the station was silent. An optional
   * quantity has a column only if some row has a value or a flag for it.
   */
  readonly values: PerQuantity<readonly (number | null)[]>;
  /** Only the flags that are not good, by the index of their row. */
  readonly flags: readonly { readonly row: number; readonly quantity: Quantity; readonly flag: string }[];
};

export type TimedEntry = { readonly atMs: number; readonly entry: HistoryEntry };

type SeriesShape = {
  readonly minutes: number;
  /** Time between two entries when none is missing. */
  readonly entryMs: number;
  readonly rowMs: number;
  readonly hasEarlier: boolean;
};

type Row = { readonly atMs: number; readonly entry: HistoryEntry | null };

/** So many entries' time without one is a silence and no jitter. */
const SILENT_ENTRIES = 2.5;

const averaged = (entries: readonly TimedEntry[], rowMs: number, table: QuantityTable): Row[] => {
  const groups = new Map<number, HistoryEntry[]>();
  for (const { atMs, entry } of entries) {
    const group = Math.floor(atMs / rowMs);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [entry]);
    else members.push(entry);
  }
  return [...groups].map(([group, members]) => ({
    atMs: (group + 0.5) * rowMs,
    entry: meanOf(members, table),
  }));
};

const withGaps = (rows: readonly Row[], silenceMs: number): Row[] =>
  rows.flatMap((row, index) => {
    const previous = rows[index - 1];
    return previous !== undefined && row.atMs - previous.atMs > silenceMs
      ? [{ atMs: (previous.atMs + row.atMs) / 2, entry: null }, row]
      : [row];
  });

/** Entries in any order, those of a longer span than a row put together. */
export const seriesOf = (
  entries: readonly TimedEntry[],
  { minutes, entryMs, rowMs, hasEarlier }: SeriesShape,
  table: QuantityTable = quantityTable,
): HistorySeries => {
  const ordered = entries.toSorted((left, right) => left.atMs - right.atMs);
  const rows = withGaps(
    rowMs > entryMs ? averaged(ordered, rowMs, table) : ordered,
    Math.max(SILENT_ENTRIES * entryMs, 1.5 * rowMs),
  );
  return {
    minutes,
    rowSeconds: rowMs / 1000,
    hasEarlier,
    time: rows.map(({ atMs }) => Math.round(atMs) / 1000),
    values: perQuantity((quantity) => {
      const isMeasured = rows.some(({ entry }) => entry !== null && entry.values[quantity] !== undefined);
      if (isOptional(table[quantity]) && !isMeasured) return undefined;
      return rows.map(({ entry }) => entry?.values[quantity] ?? null);
    }, table),
    flags: rows.flatMap(({ entry }, row) =>
      quantitiesOf(table).flatMap((quantity) => {
        const flag = entry?.quality[quantity];
        return flag === undefined ? [] : [{ row, quantity, flag }];
      }),
    ),
  };
};
