import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { PGlite } from '@electric-sql/pglite';
import { columnList, type LandingTableKey, landingTables } from '../../../cloud/sql/landing-tables.ts';
import {
  loadSchema,
  loadStatements,
  SCHEMA_VERSIONS_TABLE,
  transactionsToApply,
} from '../../../cloud/sql/warehouse-schema.ts';

/**
 * Stand-in for Redshift: the project's own SQL in PostgreSQL (PGlite). What PostgreSQL spells differently is
 * rewritten; keys and uniqueness are not declared anywhere, as Redshift would not enforce them.
 */
const toPostgres = (statement: string): string =>
  statement
    .replace(/\)\s*DISTSTYLE [\s\S]*$/, ')')
    .replaceAll('SUPER', 'jsonb')
    .replaceAll(/(\w+\.extra)\.(\w+)/g, "($1->>'$2')")
    .replaceAll('SYSDATE', "(now() AT TIME ZONE 'UTC')");

const REDSHIFT_FUNCTIONS = `
  CREATE ROLE firehose_loader;
  CREATE FUNCTION getdate() RETURNS timestamp LANGUAGE sql AS $$ SELECT now() AT TIME ZONE 'UTC' $$;
  CREATE FUNCTION datediff(part text, a timestamp, b timestamp) RETURNS bigint LANGUAGE sql AS
    $$ SELECT (extract(epoch from date_trunc(part, b) - date_trunc(part, a)) / CASE part WHEN 'minute' THEN 60 WHEN 'second' THEN 1 END)::bigint $$;
  CREATE FUNCTION dateadd(part text, n int, t timestamp) RETURNS timestamp LANGUAGE sql AS
    $$ SELECT t + n * ('1 ' || part)::interval $$;`;

export type Row = Record<string, unknown>;

export type Warehouse = {
  /** The custom resource's part: applies `cloud/sql`, as often as wanted. */
  applySchema(): Promise<void>;
  /** All or nothing, as the Data API runs a batch. Resolves with the rows of the last statement. */
  execute(statements: readonly string[]): Promise<Row[]>;
  /** `COPY … JSON 'auto' GZIP`: text lines become rows, unknown keys are ignored, missing ones are NULL. */
  copy(table: LandingTableKey, file: Uint8Array): Promise<void>;
  /** The hourly compaction, of what was loaded in this minute too. */
  compact(): Promise<void>;
  /** Timestamps come as `2020-05-20 14:58:28`, numbers as numbers. */
  query(sql: string): Promise<Row[]>;
  close(): Promise<void>;
};

const plain = (value: unknown): unknown =>
  value instanceof Date ? value.toISOString().slice(0, 19).replace('T', ' ') : value;

export const openWarehouse = async (): Promise<Warehouse> => {
  const database = new PGlite({
    // 1114 timestamp without zone, 1700 numeric, 20 bigint
    parsers: { 1114: (text: string) => text.slice(0, 19), 1700: Number, 20: Number },
  });
  await database.exec(REDSHIFT_FUNCTIONS);

  const query = async (sql: string): Promise<Row[]> => {
    const { rows } = await database.query<Row>(sql);
    return rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)])),
    );
  };

  return {
    query,
    execute: (statements) =>
      database.transaction(async (transaction) => {
        let rows: Row[] = [];
        for (const statement of statements) ({ rows } = await transaction.query<Row>(toPostgres(statement)));
        return rows;
      }),
    async applySchema() {
      await database.exec(toPostgres(SCHEMA_VERSIONS_TABLE));
      const applied = await query('SELECT file, checksum FROM schema_versions');
      const checksums = new Map(applied.map(({ file, checksum }) => [String(file), String(checksum)]));
      const files = loadSchema(fileURLToPath(new URL('../../../cloud/sql', import.meta.url)));
      for (const statements of transactionsToApply(files, checksums))
        await database.transaction(async (transaction) => {
          for (const statement of statements) await transaction.exec(toPostgres(statement));
        });
    },
    async compact() {
      const statements = loadStatements(
        fileURLToPath(new URL('../../../cloud/sql/compact.sql', import.meta.url)),
      );
      await database.transaction(async (transaction) => {
        for (const statement of statements) {
          await transaction.exec(toPostgres(statement).replaceAll("'minute', -10", "'minute', 10"));
        }
      });
    },
    async copy(key, file) {
      const { name } = landingTables[key];
      const columns = columnList(landingTables[key]);
      const lines = gunzipSync(file)
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '');
      await database.query(
        `INSERT INTO ${name} (${columns}) SELECT ${columns} FROM json_populate_recordset(NULL::${name}, $1)`,
        [`[${lines.join(',')}]`],
      );
    },
    close: () => database.close(),
  };
};
