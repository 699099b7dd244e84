import { perStandardQuantity, type Quantity } from '../weather/quantities.ts';
import type { Values } from '../weather/reading.ts';
import type { RainCount, Role } from './column-names.ts';
import type { Mapping } from './mapping.ts';
import { parseFlags, type RecordedReading, readingAt } from './recorded-reading.ts';
import { type Column, findColumns, hasDecimalComma } from './table-columns.ts';
import {
  findHeader,
  type Header,
  linesOf,
  noQuantity,
  type Row,
  type Rows,
  separatorName,
  splitLine,
  splitRows,
} from './table-header.ts';
import { findTime, type TimeReader } from './table-time.ts';
import { readField } from './units.ts';

const HOUR_MS = 3_600_000;
/** From about so long on, the rain of "the last hour" is that since the reading before. */
const WHOLE_HOUR_MS = 0.9 * HOUR_MS;
/** Rounding of inches to hundredths may take a total back by so much, mm. */
const ROUNDING_MM = 0.051;

/** Makes rain since the reading before, mm, out of what a station counts. */
class RainCounter {
  readonly #count: RainCount;
  #previousMm: number | null = null;
  #previousMs = Number.NEGATIVE_INFINITY;

  constructor(count: RainCount) {
    this.#count = count;
  }

  /** `null` where nothing is known of the time before. A total that falls was reset: what it shows has fallen since. */
  take(mm: number | null, atMs: number): number | null {
    if (mm === null || this.#count === 'interval') return mm;
    const previousMm = this.#previousMm;
    const sinceMs = atMs - this.#previousMs;
    const isNewHour = Math.floor(atMs / HOUR_MS) !== Math.floor(this.#previousMs / HOUR_MS);
    this.#previousMm = mm;
    this.#previousMs = atMs;
    if (this.#count === 'hour' && (sinceMs >= WHOLE_HOUR_MS || isNewHour)) return mm;
    if (previousMm === null) return null;
    if (mm >= previousMm) return Math.round((mm - previousMm) * 1e6) / 1e6;
    return previousMm - mm <= ROUNDING_MM ? 0 : mm;
  }
}

/** Rows that are looked at for units, formats and running totals. */
const SAMPLE_ROWS = 400;
/** Rows of units and remarks below a header. */
const MAX_ROWS_BELOW_HEADER = 6;

/** What comes of one row: a reading, a complaint that costs the row, or complaints that cost a field each. */
export type TableItem =
  | { readonly line: number; readonly reading: RecordedReading; readonly badFields: readonly BadField[] }
  | { readonly line: number; readonly complaint: string };

export type BadField = { readonly quantity: Quantity; readonly text: string };

export type Table = {
  /** In one sentence, how the file is understood. */
  readonly readAs: string;
  /** Whether its newest reading comes first, as in the exports of many services. */
  readonly isNewestFirst: boolean;
  /** What whole lines hold, oldest first; pieces of the file have to come in that order too. */
  readonly read: (text: string, firstLine: number) => Generator<TableItem>;
};

/** Units that a row below the header gives: `degC`, `m/s`. */
const withUnitRow = (header: Header, rows: Rows): Header => ({
  ...header,
  names: header.names.map((name, index) => {
    const unit = rows.map((row) => row[index] ?? '').find((text) => text !== '' && !/^\d/.test(text));
    return unit === undefined ? name : `${name} [${unit}]`;
  }),
});

const isBelowHeader = (fields: readonly string[]): boolean => !fields.some((field) => /^[+-]?\d/.test(field));

const COMPASS = /^(?:[NESW]|[NS][EW]|[NESW][NS][EW]|north|south|east|west|calm)$/i;

/** A column named after the wind that holds points of the compass is its direction, and no time is a quantity. */
const withoutTime = (header: Header, rows: Rows, time: TimeReader): Header => ({
  ...header,
  columns: header.columns.map((column, index) => {
    if (time.indices.includes(index)) return null;
    if (column?.role !== 'windintensity') return column;
    const texts = rows.map((row) => row[index] ?? '').filter((text) => text !== '');
    const isCompass =
      texts.length > 0 && texts.filter((text) => COMPASS.test(text)).length > texts.length / 2;
    return isCompass ? { role: 'winddirection', unit: null } : column;
  }),
});

/** Recognises a table by its head; a `RecordingError` says what is wrong with it. */
export const openTable = (name: string, head: string, mapping: Mapping): Table => {
  const lines = linesOf(head);
  const found = findHeader(name, lines, mapping);
  const after = lines
    .slice(found.nextLine, found.nextLine + SAMPLE_ROWS)
    .filter((line) => line.trim() !== '' && !/^\s*(?:<br|#)/i.test(line))
    .map((line) => splitLine(line, found.separator));
  const start = after.findIndex((fields) => !isBelowHeader(fields));
  const below = start > 0 && start <= MAX_ROWS_BELOW_HEADER ? after.slice(0, start) : [];
  const rows = after.slice(below.length);
  const isMonthFirst = found.columns.some((column) => column?.unit?.name === '°F');
  const named = below.length === 0 ? found : renamed(found, below, mapping, name);
  const time = findTime(name, named, mapping, rows, isMonthFirst);
  const header = withoutTime(named, rows, time);
  const isDecimalComma =
    mapping.decimal === undefined ? hasDecimalComma(header, rows) : mapping.decimal === ',';
  const columns = findColumns(name, header, mapping, rows, isDecimalComma);
  if (columns.length === 0) throw noQuantity(name, header.names);
  const times = rows.map((fields) => time.read(fields, Number.NEGATIVE_INFINITY)).filter((ms) => ms > 0);
  const isNewestFirst = falls(times) > (times.length - 1) / 2;
  const reader = new RowReader(header, rows, time, columns);
  const lastHeaderLine = found.nextLine + below.length;
  return {
    readAs: describe(header, time, columns, isDecimalComma, isNewestFirst),
    isNewestFirst,
    read: (text, firstLine) => {
      const body = firstLine === 1 ? text.replace(/^\uFEFF/, '') : text;
      const all = splitRows(body, header.separator, firstLine);
      return reader.read(isNewestFirst ? [...all].reverse() : all, lastHeaderLine);
    },
  };
};

const renamed = (found: Header, below: Rows, mapping: Mapping, name: string): Header => {
  const { names } = withUnitRow(found, below);
  const line = names
    .map((each) => `"${each.replaceAll('"', '')}"`)
    .join(found.separator === 'space' ? ',' : found.separator);
  const separator = found.separator === 'space' ? ',' : found.separator;
  const again = findHeader(name, [line], {
    ...mapping,
    separator: separator === '\t' ? 'tab' : separator,
    header: 1,
  });
  return { ...found, columns: again.columns.map((column, index) => column ?? found.columns[index] ?? null) };
};

const falls = (times: readonly number[]): number =>
  times.filter((ms, index) => index > 0 && ms < (times[index - 1] ?? ms)).length;

const describe = (
  { dialect, separator, names, preamble }: Header,
  time: TimeReader,
  columns: readonly Column[],
  isDecimalComma: boolean,
  isNewestFirst: boolean,
): string => {
  const kind = /^"?TOA5/.test(preamble[0] ?? '') ? 'Campbell TOA5' : (dialect?.name ?? 'a table');
  const parts = [
    `${kind} with ${separatorName(separator)}${isDecimalComma ? ' and decimal commas' : ''}`,
    `time from ${time.description}${isNewestFirst ? ', the newest first' : ''}`,
    ...columns.map(({ description }) => description),
  ];
  const unused = names.length - columns.length - time.indices.length;
  return `${parts.join('; ')}${unused > 0 ? `; ${unused} ${unused === 1 ? 'column is' : 'columns are'} not used` : ''}`;
};

const indexOf = ({ columns }: Header, role: Role): number =>
  columns.findIndex((column) => column?.role === role);

/** Flags are JSON; a column of the same name may be anything else. */
const flagsIndex = (header: Header, rows: Rows): number => {
  const index = indexOf(header, 'quality');
  return rows.some((row) => row[index]?.startsWith('{') === true) ? index : -1;
};

/** What a row is read with. */
class RowReader {
  readonly #time: TimeReader;
  readonly #columns: readonly Column[];
  readonly #counters: readonly (RainCounter | null)[];
  readonly #flags: number;
  readonly #epoch: number;
  readonly #seq: number;
  #previousMs = Number.NEGATIVE_INFINITY;

  constructor(header: Header, rows: Rows, time: TimeReader, columns: readonly Column[]) {
    this.#time = time;
    this.#columns = columns;
    this.#counters = columns.map(({ quantity, count }) =>
      quantity === 'rainheight' ? new RainCounter(count) : null,
    );
    this.#flags = flagsIndex(header, rows);
    this.#epoch = indexOf(header, 'epoch');
    this.#seq = indexOf(header, 'seq');
  }

  *read(rows: Iterable<Row>, lastHeaderLine: number): Generator<TableItem> {
    for (const row of rows) if (row.line > lastHeaderLine && !isEmpty(row)) yield this.#item(row);
  }

  #item({ line, fields }: Row): TableItem {
    const wallMs = this.#time.read(fields, this.#previousMs);
    if (Number.isNaN(wallMs)) return { line, complaint: timeComplaint(this.#time.textOf(fields)) };
    this.#previousMs = wallMs;
    const flags = fields[this.#flags] ?? '';
    const quality = parseFlags(flags);
    if (quality === null) return { line, complaint: `quality "${flags}" is no list of flags` };
    const badFields: BadField[] = [];
    const values = this.#values(fields, wallMs, badFields);
    const identity = identityOf(fields[this.#epoch], fields[this.#seq]);
    return { line, reading: readingAt(wallMs, values, quality, identity), badFields };
  }

  #values(fields: readonly string[], wallMs: number, badFields: BadField[]): Values {
    const values: Partial<Record<Quantity, number | null>> = perStandardQuantity(() => null);
    for (const [index, column] of this.#columns.entries()) {
      const text = fields[column.index] ?? '';
      const value = readField(text, column.rules);
      if (value === undefined) badFields.push({ quantity: column.quantity, text });
      const counter = this.#counters[index];
      values[column.quantity] = counter ? counter.take(value ?? null, wallMs) : (value ?? null);
    }
    return values as Values;
  }
}

const isEmpty = ({ fields: [first = '', second] }: Row): boolean =>
  (second === undefined && (first === '' || /^<br/i.test(first))) || first.startsWith('#');

const timeComplaint = (text: string): string =>
  text.trim() === '' ? 'it has no time' : `"${text.trim()}" is no time, or one that does not exist`;

const identityOf = (epoch: string | undefined, seq: string | undefined): string | null =>
  epoch === undefined || epoch === '' || seq === undefined || seq === '' ? null : `${epoch}/${seq}`;
