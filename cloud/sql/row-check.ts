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
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(value)) return false;
  const parsed = new Date(`${value.replace(' ', 'T')}Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().slice(0, 19).replace('T', ' ') === value;
};

/** A number of JSON or the text of one, as COPY takes both. */
const isNumber = (value: unknown): boolean =>
  (typeof value === 'number' || (typeof value === 'string' && /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(value))) &&
  Math.abs(Number(value)) < 1e300;

const isWhole = (value: unknown, limit: number): boolean =>
  isNumber(value) && Number.isInteger(Number(value)) && Math.abs(Number(value)) <= limit;

const isTextOf = (value: unknown, bytes: number): boolean =>
  (typeof value === 'string' || typeof value === 'number') &&
  Buffer.byteLength(String(value)) <= bytes &&
  !String(value).includes('\0');

const fits = (value: unknown, type: string): boolean => {
  const size = Number(/\((\d+)/.exec(type)?.[1]);
  if (type.startsWith('VARCHAR')) return isTextOf(value, size);
  if (type === 'TIMESTAMP') return isTimestamp(value);
  if (type === 'DOUBLE PRECISION') return isNumber(value);
  if (type === 'BIGINT') return isWhole(value, Number.MAX_SAFE_INTEGER);
  if (type === 'INTEGER') return isWhole(value, 2 ** 31 - 1);
  if (type.startsWith('DECIMAL')) return isNumber(value) && Math.abs(Number(value)) < 1000;
  if (type === 'BOOLEAN') return value === true || value === false;
  if (type === 'SUPER') return typeof value === 'object';
  throw new Error(`no check for a column of type ${type}`);
};

/** Of JSON text: NUL and halves of a character. Neither a VARCHAR nor a SUPER holds them. */
const UNSTORABLE = /\\u(0000|d[89a-f])/i;

/** A row as COPY takes it, or why it would refuse it, in one sentence. */
export type CheckedRow =
  | { readonly text: string; readonly problem?: undefined }
  | { readonly problem: string };

/** Keys that have no column go into `extra`, where the table has one; a row without such keys stays byte for byte. */
export const checkRow = (columns: readonly Column[], text: string): CheckedRow => {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    return { problem: 'not JSON' };
  }
  if (UNSTORABLE.test(text)) return { problem: 'a character that no column holds' };
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return { problem: 'not an object' };
  const extra = extraOf(columns, row);
  const complete = extra === null ? row : { ...withoutUnknown(columns, row), extra };
  const problem = problemIn(columns, complete);
  if (problem !== null) return { problem };
  return { text: extra === null ? text.trimEnd() : JSON.stringify(complete) };
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

const isKnown = (columns: readonly Column[], key: string): boolean =>
  key !== EXTRA && columns.some(({ name }) => name === key);

const withoutUnknown = (columns: readonly Column[], row: object): object =>
  Object.fromEntries(Object.entries(row).filter(([key]) => isKnown(columns, key)));

/** `null` where there is nothing unknown, or no column for it. */
const extraOf = (columns: readonly Column[], row: object): object | null => {
  if (columns.every(({ name }) => name !== EXTRA)) return null;
  const unknown = Object.entries(row).filter(([key]) => !isKnown(columns, key));
  if (unknown.length === 0) return null;
  return Object.fromEntries(
    unknown.slice(0, MAX_EXTRA_KEYS).flatMap(([key, value]): [string, unknown][] => {
      const isShort = key.length > 0 && key.length <= MAX_EXTRA_CHARACTERS;
      // The view shows these as numbers: a text there would end everybody's query.
      const isRefused = isOptionalQuantity(key) && typeof value !== 'number';
      return isShort && !isRefused ? [[key, extraValue(value)]] : [];
    }),
  );
};

const isOptionalQuantity = (key: string): boolean => {
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
