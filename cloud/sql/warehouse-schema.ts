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

/**
 * Tables, then views, each in one transaction: the Data API takes no more than 40 statements at once. Views that a table file
 * drops are back when both are done, and a roll-back of the stack brings the former ones.
 * `appliedChecksums`: of the `once` files that the warehouse has already. Throws when one was changed since.
 */
export const transactionsToApply = (
  files: readonly SchemaFile[],
  appliedChecksums: ReadonlyMap<string, string>,
): string[][] => {
  const isTable = ({ isApplied }: SchemaFile): boolean => isApplied === 'once';
  return [files.filter(isTable), files.filter((file) => !isTable(file))]
    .map((some) => statementsToApply(some, appliedChecksums))
    .filter((statements) => statements.length > 0);
};

const statementsToApply = (
  files: readonly SchemaFile[],
  appliedChecksums: ReadonlyMap<string, string>,
): string[] =>
  files.flatMap(({ name, isApplied, checksum, statements }) => {
    const known = appliedChecksums.get(name);
    if (isApplied === 'once' && known !== undefined) {
      if (known === checksum) return [];
      throw new Error(`${name} was changed after the warehouse applied it: put the change into a new file`);
    }
    return [...statements, `INSERT INTO schema_versions (file, checksum) VALUES ('${name}', '${checksum}')`];
  });
