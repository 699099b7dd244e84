import { parse } from 'csv-parse/sync';
import { DIALECTS, type Dialect, type NamedColumn, nameColumn, squeeze } from './column-names.ts';
import type { ColumnRef, Mapping } from './mapping.ts';
import { RecordingError } from './recording-text.ts';

/** `space` is any white space. */
export type Separator = ',' | ';' | '\t' | '|' | 'space';

const SEPARATORS: readonly Separator[] = [',', ';', '\t', '|', 'space'];

const mappedSeparator = ({ separator }: Mapping): Separator | undefined =>
  separator === 'tab' ? '\t' : separator;

export const separatorName = (separator: Separator): string =>
  ({ ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars', space: 'spaces' })[separator];

const quoted = (text: string, separator: string): string[][] =>
  parse(text, {
    delimiter: separator,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: false,
    trim: true,
  });

/** The fields of one line; a quote that never ends is taken as it stands. */
export const splitLine = (line: string, separator: Separator): string[] => {
  if (separator === 'space') return line.trim().split(/\s+/);
  if (!line.includes('"')) return line.split(separator).map((field) => field.trim());
  try {
    return quoted(line, separator)[0] ?? [];
  } catch {
    return line.split(separator).map((field) => field.replace(/^\s*"|"\s*$/g, '').trim());
  }
};

export type Row = { readonly line: number; readonly fields: readonly string[] };

/** The rows of a text of whole lines, `firstLine` being the number of its first; a quoted field may span lines. */
export const splitRows = function* (text: string, separator: Separator, firstLine: number): Generator<Row> {
  let line = firstLine;
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const next = newline === -1 ? text.length : newline + 1;
    let end = newline === -1 ? text.length : newline;
    if (text.charCodeAt(end - 1) === 13) end -= 1;
    if (end > start) yield { line, fields: splitLine(text.slice(start, end), separator) };
    line += 1;
    start = next;
  }
};

export const linesOf = (text: string): string[] => text.replace(/^\uFEFF/, '').split(/\r?\n/);

/** Well-known files that name no columns: what theirs are. */
type Headerless = {
  readonly dialect: Dialect;
  readonly names: readonly string[];
  readonly separator: Separator;
  readonly nextLine: number;
};

/** NOAA SURFRAD, README of its daily files: from the ninth column on each value is followed by a flag. */
const SURFRAD: Dialect = {
  name: 'SURFRAD',
  has: [],
  units: { temperature: '°C', windintensity: 'm/s', pressure: 'hPa' },
  zone: 'UTC',
};
const SURFRAD_TIME = ['year', '', 'month', 'day', 'hour', 'minute', '', ''];
const SURFRAD_RADIATION = 15;
const SURFRAD_WEATHER = ['temperature', 'humidity', 'wind speed', 'wind direction', 'station pressure'];
const SURFRAD_COLUMNS = 48;

/** Monthly log of Cumulus 1 and MX, which its help describes; units are those the user chose. */
const CUMULUS: Dialect = { name: 'Cumulus monthly log', has: [] };
const CUMULUS_NAMES = [
  'Date',
  'Time',
  'Temperature',
  'Humidity',
  'Dew point',
  'Wind speed',
  'Wind gust',
  'Wind bearing',
  '',
  'Rain today',
  'Sea level pressure',
  'Rain counter',
];

const flagged = (names: readonly string[]): string[] => names.flatMap((name) => [name, '']);

/** Recognises such a file by the form of its first lines. */
const findHeaderless = (lines: readonly string[]): Headerless | null => {
  const [first = '', second = '', third = ''] = lines;
  const cumulus = /^\d{2}[/.-]\d{2}[/.-]\d{2}([,;])\d{2}:\d{2}\1/.exec(first);
  if (cumulus !== null && first.split(cumulus[1] ?? ',').length >= 12) {
    const separator = cumulus[1] === ';' ? ';' : ',';
    return { dialect: CUMULUS, names: CUMULUS_NAMES, separator, nextLine: 0 };
  }
  const isStation = /^\s*-?\d+\.\d+\s+-?\d+\.\d+\s+\d+\s*m?\b/.test(second);
  if (!isStation || third.trim().split(/\s+/).length !== SURFRAD_COLUMNS) return null;
  const radiation = Array.from({ length: SURFRAD_RADIATION }, () => '');
  const names = [...SURFRAD_TIME, ...flagged([...radiation, ...SURFRAD_WEATHER])];
  return { dialect: SURFRAD, names, separator: 'space', nextLine: 2 };
};

export type Rows = readonly (readonly string[])[];

export type Header = {
  readonly names: readonly string[];
  readonly separator: Separator;
  readonly dialect: Dialect | null;
  /** What each column holds, by its name; `null` where that says nothing. */
  readonly columns: readonly (NamedColumn | null)[];
  /** The lines before the header. */
  readonly preamble: readonly string[];
  /** Index of the first line after the header. */
  readonly nextLine: number;
};

/** Lines among which the header is looked for: exports begin with titles and remarks. */
const MAX_HEADER_LINES = 80;
const LISTED_NAMES = 40;

const TIME_NAME =
  /time|date|datum|zeit|stamp|valid|utc|gmt|^ts$|epoch|fecha|hora|heure|aaaammjj|^(?:mst|pst|est|cst|lst|dt)$/;

export const isTimeName = (name: string): boolean => {
  const squeezed = squeeze(name);
  return TIME_NAME.test(squeezed) && !/timezone|timegps|minutesin|update/.test(squeezed);
};

const namesOf = (line: string, separator: Separator): string[] =>
  splitLine(line.replace(/^#\s*/, ''), separator).map((name) => name.replace(/<br ?\/?>$/i, '').trim());

/** Whether most lines after it have as many fields. */
const isTable = (lines: readonly string[], from: number, columns: number, separator: Separator): boolean => {
  const rows = lines.slice(from, from + 12).filter((line) => line.trim() !== '' && !/^<br/i.test(line));
  if (rows.length === 0) return true;
  const fitting = rows.filter((line) => Math.abs(splitLine(line, separator).length - columns) <= 2);
  return fitting.length >= rows.length / 2;
};

const columnsOf = (names: readonly string[]): Pick<Header, 'columns' | 'dialect'> => {
  const squeezed = names.map(squeeze);
  const dialect = DIALECTS.find(({ has }) => has.every((name) => squeezed.includes(name))) ?? null;
  const columns = names.map((name, index): NamedColumn | null => {
    const own = dialect?.roles?.[squeezed[index] ?? ''];
    if (own === null) return null;
    return own === undefined ? nameColumn(name) : { role: own, unit: nameColumn(name)?.unit ?? null };
  });
  return { columns, dialect };
};

const mappedNames = ({ columns, time }: Mapping): string[] =>
  [...Object.values(columns ?? {}), ...[time?.column ?? []].flat()]
    .flatMap((each): ColumnRef[] => {
      if (each === null) return [];
      return typeof each === 'object' ? [each.column] : [each];
    })
    .filter((each): each is string => typeof each === 'string');

type Candidate = Header & { readonly score: number };

const scoreOf = ({ columns, names }: Pick<Header, 'columns' | 'names'>, mapping: Mapping): number => {
  const roles = new Set(columns.flatMap((column) => (column === null ? [] : [column.role])));
  const mapped = mappedNames(mapping).filter((name) => names.includes(name)).length;
  const hasTime = names.some(isTimeName) || names.some((name) => /^(?:year|yy|yyyy|yr)$/i.test(name));
  return roles.size + 3 * mapped + (hasTime ? 1.5 : 0);
};

const candidateAt = (
  lines: readonly string[],
  index: number,
  separator: Separator,
  mapping: Mapping,
): Candidate[] => {
  const names = namesOf(lines[index] ?? '', separator);
  if (names.length < 2 || !isTable(lines, index + 1, names.length, separator)) return [];
  const base = { separator, preamble: lines.slice(0, index), nextLine: index + 1 };
  const single = { ...base, names, ...columnsOf(names) };
  // Davis writes "Hi" above "Speed".
  const above = index === 0 ? [] : splitLine(lines[index - 1] ?? '', separator);
  const joined = names.map((name, column) => `${above[column] ?? ''} ${name}`.trim());
  const double = { ...base, names: joined, ...columnsOf(joined) };
  const isDouble =
    above.length >= names.length - 2 && above.length > 1 && !above.some((each) => /\d/.test(each));
  return [single, ...(isDouble ? [double] : [])].map((each) => ({ ...each, score: scoreOf(each, mapping) }));
};

/** Finds the line with the names of the columns; one `RecordingError` says what is wrong with a table that has none. */
export const findHeader = (name: string, lines: readonly string[], mapping: Mapping): Header => {
  const given = mappedSeparator(mapping);
  const separators = given === undefined ? SEPARATORS : [given];
  if (mapping.header === 0) return numbered(lines, separators);
  const known = mapping.header === undefined && mapping.columns === undefined ? findHeaderless(lines) : null;
  if (known !== null) return { ...known, ...columnsOf(known.names), dialect: known.dialect, preamble: [] };
  const indices =
    mapping.header === undefined
      ? Array.from({ length: Math.min(lines.length, MAX_HEADER_LINES) }, (_, index) => index)
      : [mapping.header - 1];
  const candidates = indices.flatMap((index) =>
    separators.flatMap((separator) => candidateAt(lines, index, separator, mapping)),
  );
  const best = candidates.reduce<Candidate | null>(
    (found, each) => (found !== null && found.score >= each.score ? found : each),
    null,
  );
  if (best === null) throw new RecordingError(`${name} is no table: no line of it has several columns`);
  const isKnown = best.columns.some((column) => column !== null) || mappedNames(mapping).length > 0;
  if (isKnown || Object.keys(mapping.columns ?? {}).length > 0) return best;
  throw noQuantity(name, best.names);
};

export const noQuantity = (name: string, names: readonly string[]): RecordingError =>
  new RecordingError(
    `${name}: no column of it is known as a quantity. ${columnList(names)} Say with --map what they hold, ` +
      `such as: columns: { temperature: { column: "${names[1] ?? names[0]}", unit: "°C" } }`,
  );

/** Without a header columns go by their numbers, from 1. */
const numbered = (lines: readonly string[], separators: readonly Separator[]): Header => {
  const sample = lines.find((line) => line.trim() !== '') ?? '';
  const widths = separators.map((separator) => ({ separator, width: splitLine(sample, separator).length }));
  const widest = widths.reduce((a, b) => (b.width > a.width ? b : a));
  return {
    names: Array.from({ length: widest.width }, (_, index) => String(index + 1)),
    separator: widest.separator,
    dialect: null,
    columns: Array.from({ length: widest.width }, () => null),
    preamble: [],
    nextLine: 0,
  };
};

export const columnList = (names: readonly string[]): string => {
  const shown = names.slice(0, LISTED_NAMES).map((name) => (name === '' ? '(no name)' : name));
  const more = names.length > LISTED_NAMES ? `, and ${names.length - LISTED_NAMES} more` : '';
  return `Its columns: ${shown.join(', ')}${more}.`;
};
