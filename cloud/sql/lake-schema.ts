import { join } from 'node:path';
import { type LandingTableKey, landingTables } from './landing-tables.ts';
import { type Column, columnsOf, isOptionalQuantity } from './row-check.ts';
import { loadSchema, loadStatements, type SchemaFile } from './warehouse-schema.ts';

/**
 * The tables of the post over files in S3, for Athena. Firehose writes JSON lines into a folder for each day of arrival
 * (`TABLE_files`); the daily compaction makes one Parquet file a day of them (`TABLE_days`). A landing view shows both
 * with the types of Redshift's landing table, and the views above it are Redshift's own, in Athena's dialect.
 */
export type LakeTable = {
  readonly key: LandingTableKey;
  readonly columns: readonly Column[];
  /** JSON lines; every value is text, so that no value can stop a query. */
  readonly filesName: string;
  readonly daysName: string;
};

/** Of Glue, for a column that holds it as it is. */
export const glueType = ({ type }: Column): string => {
  if (type.startsWith('VARCHAR')) return 'string';
  if (type === 'SUPER') return 'map<string,string>';
  if (type === 'DOUBLE PRECISION') return 'double';
  if (type === 'INTEGER') return 'int';
  return type.toLowerCase();
};

/** Of a file of JSON lines. */
export const glueTypeInFiles = (column: Column): string =>
  column.type === 'SUPER' ? glueType(column) : 'string';

export const lakeTables = (folder: string, hasAnalytics: boolean): LakeTable[] => {
  const files: readonly SchemaFile[] = loadSchema(folder);
  return (Object.keys(landingTables) as LandingTableKey[])
    .filter((key) => hasAnalytics || key !== 'averages')
    .map((key) => {
      const name = landingTables[key].name.replace(/_landing$/, '');
      // The view takes these out of `extra`, so that the files of an older release show them too.
      const columns = columnsOf(key, files).filter((column) => !isOptionalQuantity(column.name));
      return { key, columns, filesName: `${name}_files`, daysName: `${name}_days` };
    });
};

const quoted = (name: string): string => `"${name}"`;

/** Text of a file as the type that Redshift's table has; NULL where it is none. */
const typed = (column: Column): string => {
  const name = quoted(column.name);
  if (column.type === 'SUPER' || column.type.startsWith('VARCHAR')) return name;
  if (column.type === 'TIMESTAMP' || column.type === 'BOOLEAN')
    return `TRY_CAST(${name} AS ${column.type}) AS ${name}`;
  if (column.type === 'DOUBLE PRECISION') return `TRY_CAST(${name} AS DOUBLE) AS ${name}`;
  if (column.type.startsWith('DECIMAL')) return `TRY_CAST(${name} AS ${column.type}) AS ${name}`;
  // A whole number may be written as 1.0 or 1e3.
  return `TRY_CAST(TRY_CAST(${name} AS DOUBLE) AS ${column.type}) AS ${name}`;
};

/** Firehose writes the time of arrival into the name of a file: `STREAM-1-2026-11-28-20-45-00-UUID.gz`. */
const ARRIVAL = `COALESCE(
  TRY(DATE_PARSE(REGEXP_EXTRACT("$path", '-(\\d{4}-\\d\\d-\\d\\d-\\d\\d-\\d\\d-\\d\\d)-', 1), '%Y-%m-%d-%H-%i-%s')),
  CAST(day AS TIMESTAMP)
)`;

const typedRows = ({ columns, filesName }: LakeTable): string =>
  `SELECT ${columns.map(typed).join(', ')}, ${ARRIVAL} AS loaded, day FROM ${filesName}`;

const landingView = (table: LakeTable): string => {
  const names = [...table.columns.map(({ name }) => quoted(name)), 'loaded', 'day'].join(', ');
  return (
    `CREATE OR REPLACE VIEW ${landingTables[table.key].name} AS\n${typedRows(table)}\n` +
    `UNION ALL\nSELECT ${names} FROM ${table.daysName}`
  );
};

/** One day of files into columns. A row that is in both for a while, or twice, is shown once by the views. */
export const compactDay = (table: LakeTable, day: string): string =>
  `INSERT INTO ${table.daysName}\n${typedRows(table)} WHERE day = '${day}'`;

/** The few functions that Redshift and Athena call by different names. */
export const toAthena = (sql: string): string =>
  sql
    .replaceAll('DATEADD(', 'DATE_ADD(')
    .replaceAll('DATEDIFF(', 'DATE_DIFF(')
    .replaceAll('GETDATE()', "CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC' AS TIMESTAMP)");

/** Views of the warehouse that need nothing of its own. */
const SHARED = ['120-sensordata-gaps', '125-concurrent-epochs', '130-prealerts', '140-station-health'];

/** Every view, in an order in which each finds those that it reads. */
export const lakeViews = (folder: string, hasAnalytics: boolean): string[] => {
  const averages = hasAnalytics ? '115-averages-by-flink' : '110-averages-by-athena';
  const files = [
    ...['lake/100-sensordata', `lake/${averages}`].map((name) => join(folder, `${name}.sql`)),
    ...SHARED.map((name) => join(folder, `${name}.sql`)),
  ];
  return [
    ...lakeTables(folder, hasAnalytics).map(landingView),
    ...files.flatMap((file) => loadStatements(file)).map(toAthena),
  ];
};
