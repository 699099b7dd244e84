import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One file of `cloud/sql`. Below 100 it is applied once in a warehouse's life, from 100 on at every change. */
export type SchemaFile = {
  readonly name: string;
  readonly isApplied: 'once' | 'always';
  readonly checksum: string;
  readonly statements: readonly string[];
};

/** A statement ends with a semicolon at the end of a line; comments stand on lines of their own. */
const statementsOf = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('--'))
    .join('\n')
    .split(/;\s*(?:\n|$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');

/** Of one file that is no part of the schema. */
export const loadStatements = (path: string): string[] => statementsOf(readFileSync(path, 'utf8'));

/** In the order they are applied in. */
export const loadSchema = (folder: string): SchemaFile[] =>
  readdirSync(folder)
    .filter((name) => /^\d{3}-[a-z-]+\.sql$/.test(name))
    .sort()
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return {
        name,
        isApplied: Number(name.slice(0, 3)) < 100 ? 'once' : 'always',
        checksum: createHash('sha256').update(text).digest('hex'),
        statements: statementsOf(text),
      };
    });

export const SCHEMA_VERSIONS_TABLE = `CREATE TABLE IF NOT EXISTS schema_versions (
  file VARCHAR(128) NOT NULL, checksum VARCHAR(64) NOT NULL, applied TIMESTAMP DEFAULT SYSDATE)`;

/** The Data API takes no more at once. */
const MAX_STATEMENTS = 40;

/**
 * Tables, then views, in as few transactions as there may be; no file is split. Views that a table file drops are back
 * when all are done, and a roll-back of the stack brings the former ones.
 * `appliedChecksums`: of the `once` files that the warehouse has already. Throws when one was changed since.
 */
export const transactionsToApply = (
  files: readonly SchemaFile[],
  appliedChecksums: ReadonlyMap<string, string>,
): string[][] => {
  const isTable = ({ isApplied }: SchemaFile): boolean => isApplied === 'once';
  return [files.filter(isTable), files.filter((file) => !isTable(file))]
    .flatMap((some) => packed(some.map((file) => statementsToApply(file, appliedChecksums))))
    .filter((statements) => statements.length > 0);
};

const packed = (parts: readonly string[][]): string[][] => {
  const transactions: string[][] = [[]];
  for (const part of parts) {
    const last = transactions.at(-1) ?? [];
    if (last.length + part.length <= MAX_STATEMENTS) last.push(...part);
    else transactions.push([...part]);
  }
  return transactions;
};

const statementsToApply = (
  { name, isApplied, checksum, statements }: SchemaFile,
  appliedChecksums: ReadonlyMap<string, string>,
): string[] => {
  const known = appliedChecksums.get(name);
  if (isApplied === 'once' && known !== undefined) {
    if (known === checksum) return [];
    throw new Error(`${name} was changed after the warehouse applied it: put the change into a new file`);
  }
  return [...statements, `INSERT INTO schema_versions (file, checksum) VALUES ('${name}', '${checksum}')`];
};
