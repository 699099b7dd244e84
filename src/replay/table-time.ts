import { squeeze } from './column-names.ts';
import type { ColumnRef, Mapping } from './mapping.ts';
import { RecordingError } from './recording-text.ts';
import { columnList, type Header, isTimeName, type Rows } from './table-header.ts';
import {
  findTimeFormat,
  findZone,
  fixedOffsetMinutes,
  fixedZone,
  localDate,
  namedTimeFormat,
  type TimeFormat,
  type ToUtc,
  timeOfDay,
} from './time-format.ts';

/** Reads the time of a row. */
export type TimeReader = {
  /** As `read as:` says it. */
  readonly description: string;
  /** Indices of its columns. */
  readonly indices: readonly number[];
  readonly textOf: (fields: readonly string[]) => string;
  /** UTC, ms; `NaN` where there is none, or an impossible one. */
  readonly read: (fields: readonly string[], previousMs: number) => number;
};

const CLOCK = /\d{1,2}:\d{2}|^\d{10,14}$|T\d{2}|[ ,]\d{4}$|^\d{8,10}[.,]\d+$|^\d{9,10}$/;

const cells = (rows: Rows, index: number): string[] =>
  rows.map((row) => row[index] ?? '').filter((text) => text !== '');

const hasClock = (texts: readonly string[]): boolean =>
  texts.filter((text) => CLOCK.test(text)).length >= texts.length / 2;

type Found = { readonly indices: readonly number[]; readonly format: TimeFormat };

const fullColumns = (names: readonly string[], rows: Rows, isMonthFirst: boolean): Found[] =>
  names.flatMap((name, index): Found[] => {
    const texts = cells(rows, index);
    if (!isTimeName(name) || !hasClock(texts)) return [];
    const format = findTimeFormat(texts, isMonthFirst);
    return format === null ? [] : [{ indices: [index], format }];
  });

/** One that says its zone goes before one whose name does, that before others. */
const rank = (names: readonly string[], rows: Rows, { indices, format }: Found): number => {
  const index = indices[0] ?? 0;
  if (cells(rows, index).some(format.isZoned)) return 0;
  return /utc|gmt/i.test(names[index] ?? '') ? 1 : 2;
};

/** `930` is half past nine, `7` of a column of hours seven o'clock. */
const clockText = (text: string, isHour: boolean): string => {
  if (!/^\d{1,4}$/.test(text)) return text;
  return isHour ? `${text.padStart(2, '0')}:00` : text.padStart(4, '0');
};

const HOUR_NAME = /^(?:hour|hr|hh|stunde|std|hora|heure)/;

const pairedColumns = (names: readonly string[], rows: Rows, isMonthFirst: boolean): Found | null => {
  const dates = names.findIndex(
    (name, index) => isTimeName(name) && findTimeFormat(cells(rows, index), isMonthFirst) !== null,
  );
  if (dates === -1) return null;
  const clock = names.findIndex((name, index) => {
    if (index === dates || !(isTimeName(name) || HOUR_NAME.test(squeeze(name)))) return false;
    const texts = cells(rows, index);
    return texts.length > 0 && texts.every((text) => /^\d{1,2}:\d{2}|^\d{1,4}$/.test(text));
  });
  const indices = clock === -1 ? [dates] : [dates, clock];
  const texts = rows.map((row) => joined(names, indices, row)).filter((text) => text.trim() !== '');
  const format = findTimeFormat(texts, isMonthFirst);
  return format === null ? null : { indices, format };
};

type PartName = 'year' | 'month' | 'day' | 'doy' | 'hour' | 'minute' | 'second' | 'hhmm';

const PARTS: Readonly<Record<PartName, RegExp>> = {
  year: /^(?:year|yyyy|yy|yr|jahr)$/i,
  month: /^(?:month|mon|mo|MM|monat)$/,
  day: /^(?:day|dd|dy|dom|tag|mday)$/i,
  doy: /^(?:doy|jday|julian ?day|jul(?:ian)?)$/i,
  hour: /^(?:hour|hh|hr|stunde)$/i,
  minute: /^(?:minute|min|mn|mm|mi)$/,
  second: /^(?:second|sec|ss)$/i,
  hhmm: /^(?:hhmm|hrmn|mst|pst|est|cst|lst|gmt|utc)\b/i,
};

const partIndices = (names: readonly string[]): Partial<Record<PartName, number>> | null => {
  const plain = names.map((name) => (/^[A-Z][a-z]/.test(name) ? name.toLowerCase() : name));
  const found: Partial<Record<PartName, number>> = {};
  for (const part of Object.keys(PARTS) as PartName[]) {
    const index = plain.findIndex((name) => PARTS[part].test(name));
    if (index !== -1) found[part] = index;
  }
  const hasDay = found.doy !== undefined || (found.month !== undefined && found.day !== undefined);
  return found.year !== undefined && hasDay ? found : null;
};

const partsReader = (
  names: readonly string[],
  parts: Partial<Record<PartName, number>>,
  toUtc: ToUtc,
  zone: string,
): TimeReader => {
  const number = (fields: readonly string[], index: number | undefined): number =>
    index === undefined ? 0 : Number(fields[index] || Number.NaN);
  const dateMs = (fields: readonly string[]): number => {
    const short = number(fields, parts.year);
    const year = short < 100 ? short + (short < 70 ? 2000 : 1900) : short;
    if (parts.doy === undefined)
      return localDate(year, number(fields, parts.month), number(fields, parts.day));
    const doy = number(fields, parts.doy);
    return doy >= 1 && doy <= 366 ? localDate(year, 1, 1) + (doy - 1) * 86_400_000 : Number.NaN;
  };
  const clockMs = (fields: readonly string[]): number => {
    const second = number(fields, parts.second);
    if (parts.hhmm === undefined)
      return timeOfDay(number(fields, parts.hour), number(fields, parts.minute), second);
    const hhmm = number(fields, parts.hhmm);
    return timeOfDay(Math.floor(hhmm / 100), hhmm % 100, second);
  };
  const indices = Object.values(parts);
  return {
    description: `${indices.map((index) => names[index]).join(' ')} (${zone})`,
    indices,
    textOf: (fields) => indices.map((index) => fields[index] ?? '').join(' '),
    read: (fields, previousMs) => toUtc(dateMs(fields) + clockMs(fields), previousMs),
  };
};

type Zone = { readonly toUtc: ToUtc; readonly name: string };

const UNKNOWN: Zone = { toUtc: fixedZone(0), name: 'no zone is given: taken as UTC, see time.zone of --map' };

/** The zone by the mapping, else by the kind of file, the column's name or the lines before the header. */
const zoneOf = (
  name: string,
  { dialect, preamble, names }: Header,
  { time }: Mapping,
  columns: string,
): Zone => {
  if (time?.zone !== undefined) {
    const toUtc = findZone(time.zone);
    if (toUtc !== null) return { toUtc, name: time.zone };
    throw new RecordingError(
      `${name}: time.zone ${time.zone} of the mapping is no zone; allowed is such as +01:00 or Europe/Berlin`,
    );
  }
  const said =
    /(?:utc|gmt)\s*[+-]\s*\d{1,2}(?::?\d{2})?/i.exec(columns)?.[0] ??
    /(?:^|[^a-z])(utc|gmt|mst|mdt|pst|pdt|est|edt|cst|cdt|cet|cest|akst|hst)(?:[^a-z]|$)/i.exec(
      columns,
    )?.[1] ??
    (/utc|gmt/i.test(columns) ? 'utc' : undefined);
  const minutes = said === undefined ? null : fixedOffsetMinutes(said.replaceAll(' ', ''));
  if (minutes !== null) return { toUtc: fixedZone(minutes), name: (said ?? '').toUpperCase() };
  if (dialect?.zone !== undefined)
    return { toUtc: findZone(dialect.zone) ?? UNKNOWN.toUtc, name: dialect.zone };
  return openMeteoZone(preamble) ?? valueZone(names) ?? UNKNOWN;
};

/** Open-Meteo writes its offset into a table of its own before the table. */
const openMeteoZone = (preamble: readonly string[]): Zone | null => {
  const index = preamble.findIndex((line) => line.includes('utc_offset_seconds'));
  if (index === -1) return null;
  const column = (preamble[index] ?? '').split(',').indexOf('utc_offset_seconds');
  const seconds = Number((preamble[index + 1] ?? '').split(',')[column]);
  return Number.isFinite(seconds)
    ? { toUtc: fixedZone(seconds / 60), name: `${seconds} s east of UTC` }
    : null;
};

/** Netatmo names the zone in the header of its second column. */
const valueZone = (names: readonly string[]): Zone | null => {
  const zone = names
    .map((name) => /^timezone\s*:\s*(\S+)$/i.exec(name)?.[1])
    .find((each) => each !== undefined);
  const toUtc = zone === undefined ? null : findZone(zone);
  return toUtc === null || zone === undefined ? null : { toUtc, name: zone };
};

/** Index of the column that a mapping means. */
export const columnIndex = (name: string, names: readonly string[], reference: ColumnRef): number => {
  if (typeof reference === 'number' && reference <= names.length) return reference - 1;
  const index = names.indexOf(String(reference));
  if (index !== -1) return index;
  throw new RecordingError(`${name}: the mapping names the column ${reference}. ${columnList(names)}`);
};

/** Finds the columns that hold the time, and how it is written. */
export const findTime = (
  name: string,
  header: Header,
  mapping: Mapping,
  rows: Rows,
  isMonthFirst: boolean,
): TimeReader => {
  const { names } = header;
  const mapped = mapping.time?.column;
  const format = mappedFormat(name, mapping);
  const found =
    mapped === undefined
      ? (fullColumns(names, rows, isMonthFirst).sort(
          (a, b) => rank(names, rows, a) - rank(names, rows, b),
        )[0] ?? null)
      : mappedTime(name, names, [mapped].flat(), rows, format);
  const paired = found ?? pairedColumns(names, rows, isMonthFirst);
  const parts = partIndices(names);
  const isDateOnly = found === null && paired !== null && paired.indices.length === 1;
  if (parts !== null && (paired === null || (isDateOnly && parts.hour !== undefined))) {
    const columns = Object.values(parts)
      .map((index) => names[index])
      .join(' ');
    const zone = zoneOf(name, header, mapping, columns);
    return partsReader(names, parts, zone.toUtc, zone.name);
  }
  if (paired === null) {
    const examples = names
      .map((each, index) => ({ each, text: rows[0]?.[index] ?? '' }))
      .filter(({ each }) => isTimeName(each))
      .map(({ each, text }) => `${each} with "${text}"`);
    const seen = examples.length === 0 ? columnList(names) : `Not understood: ${examples.join(', ')}.`;
    throw new RecordingError(
      `${name}: no column holds a time that is understood. ${seen} Say it with --map, such as: ` +
        'time: { column: [Date, Time], format: "dd.MM.yyyy HH:mm", zone: Europe/Berlin }',
    );
  }
  return textReader(name, header, mapping, { ...paired, format: format ?? paired.format }, rows);
};

const mappedFormat = (name: string, { time }: Mapping): TimeFormat | null => {
  if (time?.format === undefined) return null;
  const format = namedTimeFormat(time.format);
  if (format !== null) return format;
  throw new RecordingError(
    `${name}: time.format ${time.format} of the mapping is none; allowed is iso, epoch, epoch-ms, or such as dd.MM.yyyy HH:mm`,
  );
};

const mappedTime = (
  name: string,
  names: readonly string[],
  references: readonly ColumnRef[],
  rows: Rows,
  format: TimeFormat | null,
): Found => {
  const indices = references.map((reference) => columnIndex(name, names, reference));
  const texts = rows.map((row) => joined(names, indices, row)).filter((text) => text.trim() !== '');
  const found = format ?? findTimeFormat(texts, false);
  if (found !== null) return { indices, format: found };
  throw new RecordingError(
    `${name}: "${texts[0] ?? ''}" is no time that is understood; say time.format in the mapping`,
  );
};

const joined = (names: readonly string[], indices: readonly number[], fields: readonly string[]): string =>
  indices
    .map((index, place) => {
      const text = fields[index] ?? '';
      return place === 0 ? text : clockText(text, HOUR_NAME.test(squeeze(names[index] ?? '')));
    })
    .join(' ');

const textReader = (
  name: string,
  header: Header,
  mapping: Mapping,
  { indices, format }: Found,
  rows: Rows,
): TimeReader => {
  const { names } = header;
  const [first = 0] = indices;
  const columns = indices.map((index) => names[index]).join(' ');
  const isZoned = cells(rows, first).some(format.isZoned);
  const zone = isZoned && mapping.time?.zone === undefined ? null : zoneOf(name, header, mapping, columns);
  const toUtc = zone?.toUtc ?? UNKNOWN.toUtc;
  const isSingle = indices.length === 1;
  const textOf = (fields: readonly string[]): string =>
    isSingle ? (fields[first] ?? '') : joined(names, indices, fields);
  return {
    description: `${columns} (${format.name}${zone === null ? '' : `, ${zone.name}`})`,
    indices,
    textOf,
    read: (fields, previousMs) => format.parse(textOf(fields), toUtc, previousMs),
  };
};
