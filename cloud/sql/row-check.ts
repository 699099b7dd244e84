import { parseJson } from '../../src/weather/format.ts';
import {
  isOptional,
  type Quantity,
  type QuantityRecord,
  quantityTable,
} from '../../src/weather/quantities.ts';
import { type LandingTableKey, landingTables } from './landing-tables.ts';
import type { SchemaFile } from './warehouse-schema.ts';

/** A column as the SQL declares it. */
export type Column = { readonly name: string; readonly type: string; readonly isRequired: boolean };

const COLUMN = /^ {2}"?([a-z_]+)"? ([A-Z]+(?: PRECISION)?(?:\([\d,]+\))?)( NOT NULL)?/gm;

/** Columns that COPY fills, out of the statements that make the table: what is checked is what Redshift takes. */
export const columnsOf = (table: LandingTableKey, files: readonly SchemaFile[]): Column[] => {
  const { name, columns } = landingTables[table];
  const statements = files.flatMap((file) => file.statements);
  const created = statements.find((sql) => sql.startsWith(`CREATE TABLE ${name} `)) ?? '';
  const added = statements.flatMap(
    (sql) => new RegExp(`^ALTER TABLE ${name} ADD COLUMN (.*)$`).exec(sql)?.[1] ?? [],
  );
  const declared = [...`${created}\n${added.map((column) => `  ${column}`).join('\n')}`.matchAll(COLUMN)];
  return declared
    .map(([, column = '', type = '', notNull]) => ({ name: column, type, isRequired: notNull !== undefined }))
    .filter((column) => (columns as readonly string[]).includes(column.name));
};

const isTimestamp = (value: unknown): boolean => {
  // There is no year 0.
  if (typeof value !== 'string' || !/^(?!0000)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(value)) return false;
  const parsed = new Date(`${value.replace(' ', 'T')}Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().slice(0, 19).replace('T', ' ') === value;
};

/** A number of JSON or the text of one, as COPY takes both; neither too large nor too near to zero for the column. */
const isNumber = (value: unknown): boolean => {
  if (typeof value === 'string') {
    return /^-?\d{1,40}(\.\d{1,40})?(e[+-]?\d{1,2})?$/i.test(value);
  }
  return typeof value === 'number' && Math.abs(value) < 1e300 && (value === 0 || Math.abs(value) > 1e-300);
};

const isWhole = (value: unknown, limit: number): boolean =>
  (typeof value === 'number' || (typeof value === 'string' && /^-?\d{1,16}$/.test(value))) &&
  Number.isInteger(Number(value)) &&
  Math.abs(Number(value)) <= limit;

const isTextOf = (value: unknown, bytes: number): boolean =>
  (typeof value === 'string' || Number.isFinite(value)) &&
  Buffer.byteLength(String(value)) <= bytes &&
  !String(value).includes('\0');

/** Plain values by name: Athena reads the column as such. */
const isMap = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((each) => each === null || typeof each !== 'object');

const fits = (value: unknown, type: string): boolean => {
  const size = Number(/\((\d+)/.exec(type)?.[1]);
  if (type.startsWith('VARCHAR')) return isTextOf(value, size);
  if (type === 'TIMESTAMP') return isTimestamp(value);
  if (type === 'DOUBLE PRECISION') return isNumber(value);
  if (type === 'BIGINT') return isWhole(value, Number.MAX_SAFE_INTEGER);
  if (type === 'INTEGER') return isWhole(value, 2 ** 31 - 1);
  if (type.startsWith('DECIMAL')) return isNumber(value) && Math.abs(Number(value)) < 1000;
  if (type === 'BOOLEAN') return value === true || value === false;
  if (type === 'SUPER') return isMap(value);
  throw new Error(`no check for a column of type ${type}`);
};

/** In JSON text of our own: NUL and halves of a character. Neither a VARCHAR nor a SUPER holds them. */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(0000|d[89a-f])/i;

/** No message of a station has more than three levels; thousands of them would exhaust the stack. */
const MAX_DEPTH = 32;

const isTooDeep = (value: unknown, room = MAX_DEPTH): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (room === 0 || Object.values(value).some((each) => isTooDeep(each, room - 1)));

/** A row as COPY takes it, or why it would refuse it, in one sentence. */
type CheckedRow = { readonly text: string; readonly problem?: undefined } | { readonly problem: string };

export const checkRow = (columns: readonly Column[], text: string): CheckedRow => {
  const row = parseJson(text);
  return row === undefined ? { problem: 'not JSON' } : checkValue(columns, row);
};

/**
 * Of what was read, not of the text: of a key that stands twice, or a number with too many digits, COPY could make
 * something else. Keys that have no column, and optional quantities, go into `extra`, where the table has one; of these,
 * what has a column as well fills it. Elsewhere they are left out, because Athena reads `DeviceID` as `deviceid`.
 */
export const checkValue = (columns: readonly Column[], row: unknown): CheckedRow => {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return { problem: 'not an object' };
  if (isTooDeep(row)) return { problem: 'nested too deep' };
  const extra = extraOf(columns, row);
  const known = withoutUnknown(columns, row);
  const complete = extra === null ? known : { ...known, ...ofColumns(columns, extra), extra };
  const problem = problemIn(columns, complete);
  if (problem !== null) return { problem };
  const text = JSON.stringify(complete);
  return UNSTORABLE.test(text) ? { problem: 'a character that no column holds' } : { text };
};

const problemIn = (columns: readonly Column[], row: object): string | null => {
  for (const { name, type, isRequired } of columns) {
    const value: unknown = Object.hasOwn(row, name) ? Reflect.get(row, name) : null;
    if (value === null) {
      if (isRequired) return `${name} is missing`;
    } else if (!fits(value, type)) return `${name} is no ${type}`;
  }
  return null;
};

const EXTRA = 'extra';
/** More keys, or longer texts, are of no weather station. */
const MAX_EXTRA_KEYS = 64;
const MAX_EXTRA_CHARACTERS = 1_024;

const hasExtra = (columns: readonly Column[]): boolean => columns.some(({ name }) => name === EXTRA);

const isKnown = (columns: readonly Column[], key: string): boolean =>
  columns.some(({ name }) => name === key) &&
  !(hasExtra(columns) && (key === EXTRA || isOptionalQuantity(key)));

const withoutUnknown = (columns: readonly Column[], row: object): object =>
  Object.fromEntries(Object.entries(row).filter(([key]) => isKnown(columns, key)));

const ofColumns = (columns: readonly Column[], extra: object): object =>
  Object.fromEntries(Object.entries(extra).filter(([key]) => columns.some(({ name }) => name === key)));

/** `null` where there is nothing unknown, or no column for it. */
const extraOf = (columns: readonly Column[], row: object): object | null => {
  if (!hasExtra(columns)) return null;
  const unknown = Object.entries(row).filter(([key]) => !isKnown(columns, key));
  if (unknown.length === 0) return null;
  return Object.fromEntries(
    unknown.slice(0, MAX_EXTRA_KEYS).flatMap(([key, value]): [string, unknown][] => {
      const isShort = key.length > 0 && key.length <= MAX_EXTRA_CHARACTERS;
      // Such a column takes a number, and the reading is worth more than this value.
      const isRefused = isOptionalQuantity(key) && typeof value !== 'number';
      return isShort && !isRefused ? [[key, extraValue(value)]] : [];
    }),
  );
};

export const isOptionalQuantity = (key: string): boolean => {
  const record: QuantityRecord | undefined = Object.hasOwn(quantityTable, key)
    ? quantityTable[key as Quantity]
    : undefined;
  return record !== undefined && isOptional(record);
};

/** What is no plain value becomes its JSON text, so that Athena reads the column as texts by name. */
const extraValue = (value: unknown): unknown => {
  if (typeof value === 'number') return Math.abs(value) < 1e300 ? value : null;
  if (typeof value === 'boolean' || value === null) return value;
  const plain = typeof value === 'string' ? value : JSON.stringify(value);
  // Not half a character.
  return plain.slice(0, MAX_EXTRA_CHARACTERS).replace(/[\ud800-\udbff]$/, '');
};
