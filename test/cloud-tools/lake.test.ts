import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { AverageRow } from '../../cloud/contract/rows.ts';
import { MISSING } from '../../cloud/lambda/daily-check.ts';
import { compactDay, lakeTables, lakeViews, toAthena } from '../../cloud/sql/lake-schema.ts';
import type { LandingTableKey } from '../../cloud/sql/landing-tables.ts';
import { checkValue, columnsOf } from '../../cloud/sql/row-check.ts';
import { loadSchema } from '../../cloud/sql/warehouse-schema.ts';
import { installPythonTools } from './python-tools.ts';

const SQL = fileURLToPath(new URL('../../cloud/sql', import.meta.url));
const SCRIPT = fileURLToPath(new URL('run_sql.py', import.meta.url));

type Row = Record<string, unknown>;
type Station = { deviceid: string; weatherstationname: string };
type Lake = {
  /** As stations send them. */
  readonly rows: Partial<Record<LandingTableKey, readonly object[]>>;
  readonly stations?: readonly Station[];
  readonly hasAnalytics?: boolean;
  /** When the file came; the day of its folder. */
  readonly arrived?: string;
  /** Run before the queries. */
  readonly statements?: readonly string[];
};

/** What a JSON reader makes of a value of a column that is declared as text. */
const asText = (value: unknown): unknown =>
  value === null || value === undefined || typeof value === 'object' ? (value ?? null) : String(value);

const COLUMN_TYPES: Readonly<Record<string, string>> = { SUPER: 'MAP(VARCHAR, VARCHAR)' };
const duckType = (type: string): string => COLUMN_TYPES[type] ?? type.replace(/^VARCHAR.*/, 'VARCHAR');

/** The views of the lake in DuckDB: their own SQL, read as Athena's by sqlglot. */
const ask = (lake: Lake, ...queries: string[]): Row[][] => {
  const { arrived = '2020-05-20 16:00:00', hasAnalytics = false } = lake;
  const tables = lakeTables(SQL, hasAnalytics).flatMap(({ key, columns, filesName, daysName }) => [
    {
      name: filesName,
      columns: {
        ...Object.fromEntries(
          columns.map(({ name, type }) => [name, type === 'SUPER' ? duckType(type) : 'VARCHAR']),
        ),
        $path: 'VARCHAR',
        day: 'VARCHAR',
      },
      rows: (lake.rows[key] ?? []).map((row) => ({
        ...Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asText(value)])),
        $path: `s3://deliveries/${key}/Delivery-1-${arrived.replaceAll(/[ :]/g, '-')}-0a1b2c3d.gz`,
        day: arrived.slice(0, 10),
      })),
    },
    {
      name: daysName,
      columns: {
        ...Object.fromEntries(columns.map(({ name, type }) => [name, duckType(type)])),
        loaded: 'TIMESTAMP',
        day: 'VARCHAR',
      },
      rows: [],
    },
  ]);
  const job = {
    dialect: 'athena',
    tables: [
      ...tables,
      {
        name: 'stations',
        columns: { deviceid: 'VARCHAR', weatherstationname: 'VARCHAR', timezone: 'VARCHAR' },
        rows: lake.stations ?? [],
      },
      {
        name: 'retention_marks',
        columns: { deviceid: 'VARCHAR', epoch: 'VARCHAR', throughseq: 'BIGINT', marked: 'TIMESTAMP' },
        rows: [],
      },
    ],
    statements: [...lakeViews(SQL, hasAnalytics), ...(lake.statements ?? [])],
    queries,
  };
  const { status, stdout, stderr } = spawnSync(join(installPythonTools(), 'python'), [SCRIPT], {
    input: JSON.stringify(job),
    encoding: 'utf8',
    maxBuffer: 64e6,
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Row[][];
};

const vectors: {
  stations: Station[];
  cases: { name: string; records: (object | object[])[]; averages: Omit<AverageRow, 'revision'>[] }[];
} = JSON.parse(readFileSync(new URL('../../cloud/vectors/averages.json', import.meta.url), 'utf8'));

const inOrder = (rows: readonly object[]): string[] =>
  rows.map((row) => JSON.stringify(Object.entries(row).sort())).sort();

const reading = (seq: number, changes: Row = {}): Row => ({
  deviceid: '1',
  datetime: new Date(Date.UTC(2020, 4, 20, 14, 58, 28) + seq * 12_000)
    .toISOString()
    .slice(0, 19)
    .replace('T', ' '),
  ...{ temperature: 33.1, humidity: 85.2, winddirection: 304, windintensity: 75.3, rainheight: 0.5588 },
  ...{ epoch: 'A', seq, windgust: 88.8, pressure: 1006.5, timequality: 'synced', quality: {} },
  ...changes,
});
const gap = (fromseq: number, toseq: number, reason = 'full'): Row => ({
  ...{ deviceid: '1', epoch: 'A', fromseq, toseq, count: toseq - fromseq + 1 },
  ...{ from: null, to: '2020-05-20 15:00:00', reason },
});

describe('the averages that Athena computes', () => {
  it.each(vectors.cases)('are those of the Flink job: $name', ({ records, averages }) => {
    const [rows = []] = ask(
      { rows: { sensordata: records.flat() }, stations: vectors.stations },
      'SELECT * FROM sensordata_avgs',
    );
    expect(inOrder(rows.map(({ revision, ...row }) => row))).toEqual(inOrder(averages));
    expect(Object.keys(rows[0] ?? {}).slice(0, 6)).toEqual([
      ...['deviceid', 'weatherstationname', 'min_datetime', 'avg_temperature', 'avg_humidity', 'msg_count'],
    ]);
  });
});

describe('what one station sends, or stands in the list of stations,', () => {
  it('stops no averages of the others: a value beyond those that the Flink job takes counts nowhere', () => {
    const odd = [1_500, -1_000, 1e300].map((temperature, index) =>
      reading(index + 1, { deviceid: '2', temperature }),
    );
    const humid = reading(1, { deviceid: '3', temperature: null, humidity: 1e17 });
    const highest = reading(1, { deviceid: '4', temperature: 999, humidity: null });
    const [rows] = ask(
      { rows: { sensordata: [...odd, humid, highest, reading(1)] } },
      'SELECT deviceid, avg_temperature, avg_humidity FROM sensordata_avgs ORDER BY deviceid',
    );
    expect(rows).toEqual([
      { deviceid: '1', avg_temperature: 33.1, avg_humidity: 85.2 },
      { deviceid: '4', avg_temperature: 999, avg_humidity: null },
    ]);
  });

  it('stops no query, whatever it is', () => {
    const columns = columnsOf('sensordata', loadSchema(SQL));
    const records = readFileSync(new URL('../../cloud/vectors/malformed.jsonl', import.meta.url), 'utf8');
    const sensordata = records
      .trim()
      .split('\n')
      .flatMap((line): unknown[] => [JSON.parse(line)].flat())
      .flatMap((row) => {
        const { text } = { text: undefined, ...checkValue(columns, row) };
        return text === undefined ? [] : [JSON.parse(text) as object];
      });
    const [averages = [], gaps = [], health] = ask(
      { rows: { sensordata } },
      ...['sensordata_avgs', 'sensordata_gaps', 'station_health', 'concurrent_epochs'].map(
        (view) => `SELECT * FROM ${view}`,
      ),
    );
    expect(averages.length).toBeGreaterThan(100);
    expect(gaps.length).toBeGreaterThan(10);
    expect(health).toMatchObject([{ deviceid: '1' }]);
  });

  it('shows no average and no station twice', () => {
    const stations = [
      { deviceid: '1', weatherstationname: 'UK-Worthing' },
      { deviceid: ' 1', weatherstationname: ' UK-Worthing ' },
      { deviceid: '2', weatherstationname: ' ' },
    ];
    const [averages, health] = ask(
      { rows: { sensordata: [reading(1), reading(1, { deviceid: '2' })] }, stations },
      'SELECT deviceid, weatherstationname FROM sensordata_avgs ORDER BY deviceid',
      'SELECT deviceid, weatherstationname FROM station_health ORDER BY deviceid',
    );
    const once = [
      { deviceid: '1', weatherstationname: 'UK-Worthing' },
      { deviceid: '2', weatherstationname: null },
    ];
    expect({ averages, health }).toEqual({ averages: once, health: once });
  });

  it('makes no sum too large for a query', () => {
    const highest = Number.MAX_SAFE_INTEGER;
    const epochs = Array.from({ length: 1_100 }, (_, index) => `E${index}`);
    const sensordata = epochs.map((epoch) => ({ ...reading(1), deviceid: '2', epoch, seq: highest }));
    const gaps = epochs.map((epoch) => ({ ...gap(1, 1), deviceid: '2', epoch: `G${epoch}`, count: highest }));
    const [health, missing] = ask(
      { rows: { sensordata, gaps } },
      'SELECT missing, given_up FROM station_health',
      toAthena(MISSING.replace(/WHERE[\s\S]*/, '')),
    );
    const sum = expect.closeTo(epochs.length * highest, -4);
    expect(health).toEqual([{ missing: sum, given_up: sum }]);
    expect(missing?.map((row) => Object.values(row))).toEqual([[sum]]);
    // DuckDB has 128 bits for a sum, Athena 64: there what a station counts by itself has to be a DECIMAL.
    expect([...lakeViews(SQL, false), MISSING].join('\n')).not.toMatch(/SUM\((missing|"count")\)/);
  });
});

const noExtra = {
  ...{ soiltemperature: null, secondtemperature: null, supplyvoltage: null, supplycurrent: null },
  ...{ illuminance: null, extra: null },
};

describe('the tables of the lake', () => {
  it('show optional quantities as numbers', () => {
    const extra = { supplyvoltage: '12.4', firmware: 'x' };
    const [rows = []] = ask(
      { rows: { sensordata: [reading(1, { extra }), reading(2)] } },
      'SELECT seq, supplyvoltage, illuminance FROM sensordata ORDER BY seq',
    );
    expect(rows).toEqual([
      { seq: 1, supplyvoltage: 12.4, illuminance: null },
      { seq: 2, supplyvoltage: null, illuminance: null },
    ]);
  });

  it('show each reading once, with its better time, and its values as numbers', () => {
    const late = reading(1, { timequality: 'estimated', datetime: '1970-01-01 00:00:09' });
    const own = { deviceid: '1', datetime: '2020-05-11 09:42:05', temperature: '33', humidity: '85' };
    const flagged = reading(2, { quality: { humidity: 'suspect:stuck' } });
    const [rows = []] = ask(
      { rows: { sensordata: [late, reading(1), late, flagged, own, own] } },
      'SELECT * FROM sensordata ORDER BY datetime',
    );
    expect(rows).toEqual([
      {
        ...Object.fromEntries(Object.keys(reading(1)).map((name) => [name, null])),
        ...own,
        ...{ temperature: 33, humidity: 85 },
        ...noExtra,
      },
      { ...reading(1), ...noExtra },
      { ...flagged, ...noExtra },
    ]);
  });

  it('show what is missing, what was given up, and how each station is doing', () => {
    const [gaps, health, twice] = ask(
      {
        rows: {
          sensordata: [reading(1), reading(2), reading(7), reading(1, { deviceid: '2' })],
          gaps: [gap(3, 4), gap(3, 4)],
          status: [
            { deviceid: '1', state: 'online', version: '0.2.0', waiting: 3, receivedms: 1000 },
            { deviceid: '1', state: 'offline', receivedms: 2000 },
          ],
          health: [
            {
              ...{ deviceid: '1', datetime: '2020-05-20 15:00:00', failing: 1, throttled: true },
              ...{ instruments: { bme280: 'failing' }, faults: { bme280: 'bus: no answer' } },
              ...{ certificatedays: 12, lastundervoltage: '2020-05-20 03:00:00', receivedms: 2000 },
            },
            { deviceid: '1', datetime: '2020-05-20 14:45:00', failing: 0, receivedms: 1000 },
          ],
        },
        stations: [{ deviceid: '1', weatherstationname: 'UK-Worthing' }],
      },
      'SELECT deviceid, fromseq, toseq, missing, reason, known_since FROM sensordata_gaps',
      'SELECT * FROM station_health ORDER BY deviceid',
      'SELECT * FROM concurrent_epochs',
    );
    expect(gaps).toEqual([
      { deviceid: '1', fromseq: 5, toseq: 6, missing: 2, reason: null, known_since: '2020-05-20 16:00:00' },
    ]);
    expect(health).toMatchObject([
      {
        ...{
          deviceid: '1',
          weatherstationname: 'UK-Worthing',
          state: 'offline',
          last_reading: reading(7)['datetime'],
        },
        ...{ readings: 3, readings_24h: 0, epochs: 1, missing: 2, given_up: 2, silent: 1 },
        last_arrival: '2020-05-20 16:00:00',
        ...{ health_datetime: '2020-05-20 15:00:00', failing: 1, throttled: true, undervoltage: 0 },
        ...{ certificatedays: 12, faults: { bme280: 'bus: no answer' } },
      },
      { deviceid: '2', weatherstationname: null, readings: 1, missing: 0, silent: 1 },
    ]);
    expect(twice).toEqual([]);
  });

  it('show a pre-alert once', () => {
    const event = {
      ...{ deviceid: '1', epoch: 'A', seq: 1, datetime: '2020-05-20 14:58:28', timequality: 'synced' },
      ...{ rule: 'heat', kind: 'limit', quantity: 'temperature', severity: 'warning', transition: 'raised' },
      ...{ value: 38.5, limit: 38, unit: '°C', minutestolimit: null, text: 'hot' },
    };
    expect(ask({ rows: { prealerts: [event, event] } }, 'SELECT * FROM prealerts')).toEqual([[event]]);
  });

  it('are the same while and after a day of files is compacted into columns', () => {
    const rows = { sensordata: [reading(1), reading(1), reading(3)], gaps: [gap(2, 2)] };
    const queries = ['SELECT * FROM sensordata ORDER BY seq', 'SELECT * FROM sensordata_gaps'];
    const compactions = lakeTables(SQL, false).map((table) => compactDay(table, '2020-05-20'));
    const deletions = lakeTables(SQL, false).map(({ filesName }) => `DELETE FROM ${filesName}`);

    const before = ask({ rows }, ...queries);

    expect(before.map((one) => one.length)).toEqual([2, 0]);
    expect(ask({ rows, statements: compactions }, ...queries)).toEqual(before);
    expect(ask({ rows, statements: [...compactions, ...deletions] }, ...queries)).toEqual(before);
  });

  it('show the highest revision of the averages where Flink writes them', () => {
    const average = {
      ...{
        deviceid: '1',
        weatherstationname: 'UK',
        min_datetime: '2020-05-20 14:58:28',
        avg_temperature: 20.1,
      },
      ...{ avg_humidity: 80.2, datetime: '2020-05-20 14:58:28', epoch: 'A', seq: 1 },
    };
    const rows = [
      { ...average, msg_count: 2, revision: 1 },
      { ...average, msg_count: 1, revision: 0 },
    ];
    expect(ask({ rows: { averages: rows }, hasAnalytics: true }, 'SELECT * FROM sensordata_avgs')).toEqual([
      [rows[0]],
    ]);
  });

  it('keep a query going when a value is none', () => {
    const rows = [reading(1, { temperature: 'hot', seq: '2e0' }), reading(3, { datetime: 'yesterday' })];
    expect(
      ask({ rows: { sensordata: rows } }, 'SELECT seq, temperature, datetime FROM sensordata ORDER BY seq'),
    ).toEqual([
      [
        { seq: 2, temperature: null, datetime: reading(1)['datetime'] },
        { seq: 3, temperature: 33.1, datetime: null },
      ],
    ]);
  });
});
