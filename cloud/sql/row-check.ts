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

/** Why COPY would refuse the row, in one sentence; `null` when it takes it. */
export const rowProblem = (columns: readonly Column[], text: string): string | null => {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  if (UNSTORABLE.test(text)) return 'a character that no column holds';
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return 'not an object';
  for (const { name, type, isRequired } of columns) {
    const value: unknown = Object.hasOwn(row, name) ? (row as Record<string, unknown>)[name] : null;
    if (value === null) {
      if (isRequired) return `${name} is missing`;
    } else if (!fits(value, type)) return `${name} is no ${type}`;
  }
  return null;
};
