import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AverageRow } from '../../../cloud/contract/rows.ts';
import { type LandingTableKey, landingTables } from '../../../cloud/sql/landing-tables.ts';
import { checkRow, columnsOf } from '../../../cloud/sql/row-check.ts';
import {
  loadSchema,
  loadStatements,
  SCHEMA_VERSIONS_TABLE,
  transactionsToApply,
} from '../../../cloud/sql/warehouse-schema.ts';
import type {
  GapMessage,
  HealthMessage,
  PreAlertMessage,
  ReadingMessage,
  StatusMessage,
} from '../../../src/weather/message.ts';
import { openWarehouse, type Warehouse } from '../../system/stand-ins/warehouse.ts';

type LandingRow =
  | (Partial<ReadingMessage> & { readonly extra?: object })
  | AverageRow
  | GapMessage
  | PreAlertMessage
  | (StatusMessage & { receivedms: number })
  | (HealthMessage & { receivedms: number });

const fileOf = (rows: LandingRow[]): Uint8Array =>
  gzipSync(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));

const reading = (seq: number, changes: Partial<ReadingMessage> = {}): ReadingMessage => ({
  deviceid: '1',
  datetime: new Date(Date.UTC(2020, 4, 20, 14, 58, 28) + seq * 12_000)
    .toISOString()
    .slice(0, 19)
    .replace('T', ' '),
  temperature: 33.1,
  humidity: 85.2,
  winddirection: 304,
  windintensity: 75.3,
  rainheight: 0.5588,
  epoch: 'A',
  seq,
  windgust: 88.8,
  pressure: 1006.5,
  timequality: 'synced',
  quality: {},
  ...changes,
});

/** What the view shows of a reading without optional quantities. */
const shown = (message: ReadingMessage): object => ({
  ...message,
  ...{ soiltemperature: null, secondtemperature: null, supplyvoltage: null, supplycurrent: null },
  ...{ illuminance: null, extra: null },
});

const average = (seq: number, changes: Partial<AverageRow> = {}): AverageRow => ({
  deviceid: '1',
  weatherstationname: 'UK-Worthing',
  min_datetime: '2020-05-20 14:58:28',
  avg_temperature: 20.1,
  avg_humidity: 80.2,
  msg_count: 1,
  datetime: '2020-05-20 14:58:28',
  epoch: 'A',
  seq,
  revision: 0,
  ...changes,
});

const gap = (fromseq: number, toseq: number): GapMessage => ({
  deviceid: '1',
  epoch: 'A',
  fromseq,
  toseq,
  count: toseq - fromseq + 1,
  from: null,
  to: '2020-05-20 15:00:00',
  reason: 'full',
});

const health = (
  changes: Partial<HealthMessage & { receivedms: number }> = {},
): HealthMessage & { receivedms: number } => ({
  ...{ deviceid: '1', schema: 1, datetime: '2020-05-20 15:00:00', timequality: 'synced', epoch: 'A' },
  ...{ version: '0.2.0', uptime: 93_784, waiting: 0, unstored: 0, instruments: { bme280: 'failing' } },
  ...{ failing: 1, faults: { bme280: 'bus: no answer' }, doubted: {}, lostpulses: 7, store: null },
  ...{ uncleanshutdowns: 2, boots: 14, clocksteps: 0, certificatedays: 12, writtenbytes: 4e6 },
  ...{ reconnects: 2, problem: null, refused: {}, freedisk: 12e9, undervoltage: false, throttled: true },
  ...{ undervoltages: 1, lastundervoltage: '2020-05-20 03:00:00', receivedms: 1_000 },
  ...changes,
});

/** Of what is older than 2020. */
const deletingOldReadings = (): string[] =>
  loadStatements(fileURLToPath(new URL('../../../cloud/sql/delete-old-readings.sql', import.meta.url)));

const schemaFiles = loadSchema(fileURLToPath(new URL('../../../cloud/sql', import.meta.url)));

/** A file of what a station sent, as the check of rows passes it on. */
const checkedFileOf = (...messages: object[]): Uint8Array => {
  const columns = columnsOf('sensordata', schemaFiles);
  const rows = messages.map((message) => checkRow(columns, JSON.stringify(message)));
  return gzipSync(rows.map((row) => ('text' in row ? `${row.text}\n` : '')).join(''));
};

const FINAL_TABLES = [
  ...['sensordata_final', 'sensordata_avgs_final', 'reading_ranges_final', 'average_ranges_final'],
];

describe.each(['as it was delivered', 'compacted'])('the warehouse, %s', (state) => {
  let warehouse: Warehouse;
  const load = (table: LandingTableKey, ...rows: LandingRow[]) => warehouse.copy(table, fileOf(rows));

  /** What somebody sees who looks now. */
  const look = async (sql: string) => {
    if (state === 'compacted') await warehouse.compact();
    return warehouse.query(sql);
  };

  beforeAll(async () => {
    warehouse = await openWarehouse();
    await warehouse.applySchema();
  });
  beforeEach(async () => {
    const tables = Object.values(landingTables).map(({ name }) => name);
    await warehouse.query(`TRUNCATE ${[...tables, ...FINAL_TABLES].join(', ')}`);
  });
  afterAll(() => warehouse.close());

  it('takes its schema as often as it is applied, each table file once', async () => {
    await load('sensordata', reading(1));
    await warehouse.applySchema();
    await warehouse.applySchema();

    expect(await look('SELECT COUNT(*) AS n FROM sensordata')).toEqual([{ n: 1 }]);
    expect(
      await look("SELECT COUNT(*) AS n FROM schema_versions WHERE file = '001-landing-tables.sql'"),
    ).toEqual([{ n: 1 }]);
  });

  it("has the post's columns first, then its own", async () => {
    await load('sensordata', reading(1, { quality: { humidity: 'suspect:stuck' } }));
    await load('averages', average(1));

    const [row = {}] = await look('SELECT * FROM sensordata');
    expect(Object.keys(row).slice(0, 7)).toEqual([
      'deviceid',
      'datetime',
      'temperature',
      'humidity',
      'winddirection',
      'windintensity',
      'rainheight',
    ]);
    expect(row).toEqual(shown(reading(1, { quality: { humidity: 'suspect:stuck' } })));
    const [averages = {}] = await look('SELECT * FROM sensordata_avgs');
    expect(Object.keys(averages).slice(0, 6)).toEqual([
      'deviceid',
      'weatherstationname',
      'min_datetime',
      'avg_temperature',
      'avg_humidity',
      'msg_count',
    ]);
    expect(averages).toEqual(average(1));
  });

  it('shows optional quantities, and keeps what no column has, before and after a compaction', async () => {
    const extra = { supplyvoltage: 12.4, soiltemperature: -1.5, firmware: 'x' };
    await warehouse.copy('sensordata', checkedFileOf({ ...reading(1), ...extra }, reading(2)));

    const expected = [
      { seq: 1, soiltemperature: -1.5, supplyvoltage: 12.4, illuminance: null, extra },
      { seq: 2, soiltemperature: null, supplyvoltage: null, illuminance: null, extra: null },
    ];
    const query =
      'SELECT seq, soiltemperature, supplyvoltage, illuminance, extra FROM sensordata ORDER BY seq';
    expect(await look(query)).toEqual(expected);
    await warehouse.compact();
    expect(await look(query)).toEqual(expected);
    expect(await look('SELECT COUNT(*) AS n FROM sensordata_landing')).toEqual([{ n: 0 }]);
  });

  it("loads the post's own message, with numbers in quotes and no number of its own", async () => {
    const message = JSON.stringify({
      ...{ deviceid: '1', datetime: '2020-05-11 09:42:05', temperature: '33', humidity: '85' },
      ...{ winddirection: '304', windintensity: '75', rainheight: '29' },
    });
    await warehouse.copy('sensordata', gzipSync(`${message}\n${message}\n`));

    expect(await look('SELECT deviceid, datetime, temperature, rainheight, seq FROM sensordata')).toEqual([
      { deviceid: '1', datetime: '2020-05-11 09:42:05', temperature: 33, rainheight: 29, seq: null },
    ]);
  });

  it('shows the same tables when every file comes twice and out of order', async () => {
    const files = [
      fileOf([1, 2, 3, 4].map((seq) => reading(seq))),
      fileOf([5, 6].map((seq) => reading(seq))),
      fileOf([7, 8, 9].map((seq) => reading(seq, { deviceid: '2', epoch: 'B', seq: seq - 6 }))),
    ];
    const averages = [
      fileOf([average(1), average(2, { msg_count: 2 })]),
      fileOf([average(2, { msg_count: 3, revision: 1 }), average(3, { msg_count: 4 })]),
    ];
    const tables = () =>
      Promise.all([
        look('SELECT * FROM sensordata ORDER BY deviceid, seq'),
        look('SELECT * FROM sensordata_avgs ORDER BY deviceid, seq'),
        look('SELECT * FROM sensordata_gaps'),
      ]);
    for (const file of files) await warehouse.copy('sensordata', file);
    for (const file of averages) await warehouse.copy('averages', file);
    const undisturbed = await tables();

    await warehouse.query(`TRUNCATE sensordata_landing, sensordata_avgs_landing, ${FINAL_TABLES.join(', ')}`);
    for (const file of [...files.toReversed(), ...files]) await warehouse.copy('sensordata', file);
    for (const file of [...averages.toReversed(), ...averages]) await warehouse.copy('averages', file);

    expect(await tables()).toEqual(undisturbed);
    expect(undisturbed.map((rows) => rows.length)).toEqual([9, 3, 0]);
    expect(undisturbed[1].map(({ msg_count }) => msg_count)).toEqual([1, 3, 4]);
  });

  it('keeps the better time of a reading that was stamped twice', async () => {
    const estimated = reading(1, { timequality: 'estimated', datetime: '1970-01-01 00:00:09' });
    const corrected = reading(1, { timequality: 'corrected' });
    await load('sensordata', corrected, estimated);
    await load('sensordata', estimated);

    expect(await look('SELECT * FROM sensordata')).toEqual([shown(corrected)]);
  });

  it('names every hole that no gap record explains, and only those', async () => {
    await load('sensordata', ...[2, 3, 7, 20].map((seq) => reading(seq)), reading(1, { deviceid: '2' }));
    await load('gaps', gap(9, 12), gap(8, 19));
    await load('gaps', gap(8, 19));

    const holes = await look('SELECT fromseq, toseq, missing FROM sensordata_gaps ORDER BY fromseq');
    expect(holes).toEqual([
      { fromseq: 1, toseq: 1, missing: 1 },
      { fromseq: 4, toseq: 6, missing: 3 },
    ]);
    expect(
      await look('SELECT after_datetime, before_datetime FROM sensordata_gaps WHERE fromseq = 4'),
    ).toEqual([{ after_datetime: reading(3).datetime, before_datetime: reading(7).datetime }]);
  });

  it('names what a station lost with its store, and nothing of it that did arrive', async () => {
    const damaged = (fromseq: number, toseq: number) => ({
      ...gap(fromseq, toseq),
      reason: 'damaged' as const,
    });
    await load('sensordata', ...[1, 2, 6].map((seq) => reading(seq)), reading(1, { epoch: 'B' }));
    // 5 to 8, of which 6 arrived all the same; 3 and 4 nobody explains; 9 and 10 were given up.
    await load('gaps', damaged(5, 8), gap(9, 10), damaged(12, 14));
    await load('gaps', damaged(5, 8), damaged(12, 14));

    const holes = 'SELECT epoch, fromseq, toseq, missing, reason FROM sensordata_gaps ORDER BY fromseq';
    expect(await look(holes)).toEqual([
      { epoch: 'A', fromseq: 3, toseq: 4, missing: 2, reason: null },
      { epoch: 'A', fromseq: 5, toseq: 5, missing: 1, reason: 'damaged' },
      { epoch: 'A', fromseq: 7, toseq: 8, missing: 2, reason: 'damaged' },
      { epoch: 'A', fromseq: 11, toseq: 11, missing: 1, reason: null },
      { epoch: 'A', fromseq: 12, toseq: 14, missing: 3, reason: 'damaged' },
    ]);
    expect(await look('SELECT missing, given_up FROM station_health')).toEqual([{ missing: 9, given_up: 2 }]);
  });

  it('explains a hole only as far as the gap record goes', async () => {
    await load('sensordata', reading(1), reading(10));
    await load('gaps', gap(2, 5));

    expect(await look('SELECT fromseq, toseq FROM sensordata_gaps')).toEqual([{ fromseq: 6, toseq: 9 }]);
  });

  it('names what is missing at the end of an epoch, which the next one tells', async () => {
    const next = { epoch: 'B', previousepoch: 'A', previousseq: 5 };
    await load('sensordata', reading(1), reading(2), reading(1, next), reading(1, next));
    // A card that was put back knows less than what has arrived: no hole.
    await load('sensordata', reading(1, { epoch: 'C', previousepoch: 'B', previousseq: 0 }));
    // Of D nothing came at all, and the first message of E is a gap.
    await load('gaps', { ...gap(1, 3), epoch: 'E', previousepoch: 'D', previousseq: 2 } as GapMessage);

    const holes = 'SELECT epoch, fromseq, toseq, missing FROM sensordata_gaps ORDER BY epoch, fromseq';
    expect(await look(holes)).toEqual([
      { epoch: 'A', fromseq: 3, toseq: 5, missing: 3 },
      { epoch: 'D', fromseq: 1, toseq: 2, missing: 2 },
    ]);
  });

  it('knows a hole from when something behind it arrived, not from the times of the readings', async () => {
    await load('sensordata', reading(1), reading(12));
    await warehouse.query("UPDATE sensordata_landing SET loaded = '2020-05-25 00:00:00' WHERE seq = 12");

    expect(await look('SELECT missing, known_since FROM sensordata_gaps')).toEqual([
      { missing: 10, known_since: '2020-05-25 00:00:00' },
    ]);
  });

  it('takes what was deleted as old for no loss', async () => {
    const days = Array.from({ length: 40 }, (_, n) =>
      reading(n + 1, { datetime: `2019-12-${10 + (n % 20)} 00:00:00` }),
    );
    await load('sensordata', ...days, reading(41), reading(43));
    for (const statement of deletingOldReadings()) await warehouse.query(statement);

    expect(await look('SELECT COUNT(*) AS n FROM sensordata')).toEqual([{ n: 2 }]);
    expect(await look('SELECT fromseq, toseq FROM sensordata_gaps')).toEqual([{ fromseq: 42, toseq: 42 }]);
    await warehouse.query('TRUNCATE retention_marks');
  });

  it('shows two epochs of one station that were alive at once, and no other two', async () => {
    const before = { previousepoch: 'A', previousseq: 3 };
    const of = (epoch: string, from: number, to: number, changes: object = {}) =>
      Array.from({ length: to - from + 1 }, (_, n) => ({
        ...reading(from + n, { epoch, seq: n + 1 }),
        datetime: reading(from + n).datetime,
        ...(n === 0 ? changes : {}),
      }));
    await load('sensordata', ...of('A', 1, 3), ...of('B', 4, 60, before), ...of('C', 30, 90, before));
    await load('sensordata', ...of('D', 91, 95, { previousepoch: 'C', previousseq: 61 }));
    await load('sensordata', reading(1, { epoch: 'E', datetime: '2099-01-01 00:00:00' }));

    expect(await look('SELECT * FROM concurrent_epochs')).toEqual([
      {
        deviceid: '1',
        epoch: 'B',
        other_epoch: 'C',
        from_datetime: reading(30).datetime,
        to_datetime: reading(60).datetime,
        is_fork: 1,
      },
    ]);
  });

  it('counts minutes since a reading from its arrival when its date is in the future', async () => {
    await load('sensordata', reading(1, { datetime: '2099-01-01 00:00:00' }));
    expect(await look('SELECT last_reading, minutes_since_reading, silent FROM station_health')).toEqual([
      { last_reading: null, minutes_since_reading: 0, silent: 0 },
    ]);
  });

  it('calls a station silent that has sent nothing for three hours', async () => {
    await load('sensordata', reading(1, { datetime: '2099-01-01 00:00:00' }));
    await warehouse.query("UPDATE sensordata_landing SET loaded = getdate() - INTERVAL '3 hours'");
    expect(await look('SELECT minutes_since_reading, silent FROM station_health')).toEqual([
      { minutes_since_reading: 180, silent: 1 },
    ]);
  });

  it('shows how each station is doing', async () => {
    await load('sensordata', reading(1), reading(3), reading(1, { epoch: 'B' }));
    await load('averages', average(1));
    await load('gaps', gap(4, 9));
    await load('gaps', gap(4, 9));
    await load(
      'status',
      { deviceid: '1', state: 'offline', receivedms: 2000 },
      {
        deviceid: '1',
        state: 'online',
        datetime: '2020-05-20 14:58:28',
        epoch: 'A',
        version: '0.1.0',
        waiting: 3,
        receivedms: 1000,
      },
    );

    expect(await look('SELECT * FROM station_health')).toMatchObject([
      {
        deviceid: '1',
        weatherstationname: 'UK-Worthing',
        state: 'offline',
        last_reading: reading(3).datetime,
        readings: 3,
        readings_24h: 0,
        epochs: 2,
        missing: 1,
        given_up: 6,
      },
    ]);
  });

  it('shows what each station said of itself last', async () => {
    const minutesAgo = (minutes: number): string =>
      new Date(Date.now() - minutes * 60_000).toISOString().slice(0, 19).replace('T', ' ');
    const good = { instruments: { bme280: 'ok' }, failing: 0, certificatedays: 200 };
    await load('sensordata', reading(1), reading(1, { deviceid: '2' }), reading(1, { deviceid: '3' }));
    await load('health', health({ datetime: '2020-05-20 14:45:00', ...good }), health({ receivedms: 2_000 }));
    await load('health', health({ deviceid: '2', ...good, lastundervoltage: minutesAgo(60) }));

    const columns = 'health_datetime, failing, faults, undervoltage, throttled, certificatedays, freedisk';
    expect(await look(`SELECT deviceid, ${columns} FROM station_health ORDER BY deviceid`)).toMatchObject([
      {
        ...{ deviceid: '1', health_datetime: '2020-05-20 15:00:00', failing: 1, undervoltage: 0 },
        ...{ throttled: true, certificatedays: 12, faults: { bme280: 'bus: no answer' }, freedisk: 12e9 },
      },
      { deviceid: '2', failing: 0, undervoltage: 1, certificatedays: 200 },
      { deviceid: '3', health_datetime: null, failing: null, undervoltage: 0, certificatedays: null },
    ]);
  });

  it('shows a pre-alert once', async () => {
    const event: PreAlertMessage = {
      ...{ deviceid: '1', epoch: 'A', seq: 1, datetime: '2020-05-20 14:58:28', timequality: 'synced' },
      ...{ rule: 'heat', kind: 'limit', quantity: 'temperature', severity: 'warning', transition: 'raised' },
      ...{ value: 38.5, limit: 38, unit: '°C', minutestolimit: null, text: 'hot' },
    };
    await load('prealerts', event, event);

    expect(await look('SELECT * FROM prealerts')).toEqual([event]);
  });
});

/** The post's own message has neither. */
const unnumbered = (second: number, changes: object = {}): LandingRow => {
  const { epoch, seq, ...message } = { ...reading(0), ...changes } as ReadingMessage;
  return { ...message, datetime: `2020-05-20 14:58:0${second}`, ...changes };
};

const unnumberedAverage = (second: number, changes: Partial<AverageRow> = {}): AverageRow => ({
  ...average(0),
  ...{ epoch: null, seq: null, datetime: `2020-05-20 14:58:0${second}` },
  ...changes,
});

describe('a compaction', () => {
  let warehouse: Warehouse;
  const load = (table: LandingTableKey, ...rows: LandingRow[]) => warehouse.copy(table, fileOf(rows));
  const HEALTH =
    'SELECT deviceid, weatherstationname, readings, epochs, last_reading, missing FROM station_health';
  const VIEWS = ['sensordata', 'sensordata_avgs', 'sensordata_gaps', 'concurrent_epochs'];
  /** In an order of their own, without when a hole showed, which depends on the moment of the test. */
  const tables = () =>
    Promise.all(
      [...VIEWS.map((view) => `SELECT * FROM ${view}`), HEALTH].map(async (query) => {
        const rows = await warehouse.query(query);
        return rows.map(({ known_since, ...row }) => JSON.stringify(row)).sort();
      }),
    );
  const truncate = async () => {
    const landing = Object.values(landingTables).map(({ name }) => name);
    await warehouse.query(`TRUNCATE ${[...landing, ...FINAL_TABLES].join(', ')}`);
  };
  type Delivery = { file: { table: LandingTableKey; rows: LandingRow[] }; isCompacted: boolean };
  /** A repetition of what is compacted counts from the next compaction on, so there is one at the end. */
  const deliver = async (steps: readonly Delivery[]) => {
    await truncate();
    for (const { file, isCompacted } of steps) {
      await load(file.table, ...file.rows);
      if (isCompacted) await warehouse.compact();
    }
    await warehouse.compact();
  };
  beforeAll(async () => {
    warehouse = await openWarehouse();
    await warehouse.applySchema();
  });
  afterAll(() => warehouse.close());

  it.each([
    ['of equal values', {}],
    ['of larger values', { temperature: 40 }],
  ])('keeps a time that nobody doubts before an estimated one, %s', async (_, changes) => {
    const plain = unnumbered(3, { timequality: null, ...changes });
    const estimated = unnumbered(3, { timequality: 'estimated' });
    const found: unknown[] = [];
    for (const [first, second] of [
      [plain, estimated],
      [estimated, plain],
    ] as const) {
      for (const isCompacted of [false, true]) {
        await deliver([
          { file: { table: 'sensordata', rows: [first] }, isCompacted },
          { file: { table: 'sensordata', rows: [second] }, isCompacted },
        ]);
        found.push(await tables());
      }
    }

    expect(JSON.stringify(found[0])).not.toContain('estimated');
    for (const each of found) expect(each).toEqual(found[0]);
  });

  it('changes no table, whenever it runs between whichever deliveries', async () => {
    const seqs = fc.integer({ min: 1, max: 12 });
    const readings = fc
      .record({ epoch: fc.constantFrom('A', 'B'), seq: seqs, isBetter: fc.boolean() })
      .map(({ epoch, seq, isBetter }) =>
        reading(seq, {
          epoch,
          ...(isBetter ? {} : { timequality: 'estimated' as const, datetime: '1970-01-01 00:00:09' }),
        }),
      );
    const nameless = fc
      .record({
        second: fc.nat(5),
        changes: fc.constantFrom(
          ...[{}, {}, { temperature: 40 }, { temperature: null }, { timequality: null }],
          ...[{ timequality: 'estimated' }, { epoch: 'A' }, { epoch: '', seq: 3 }, { seq: 4 }],
          { timequality: null, temperature: 40 },
        ),
      })
      .map(({ second, changes }) => unnumbered(second, changes));
    const averages = fc.oneof(
      fc.record({ seq: seqs, revision: fc.nat(3) }).map(({ seq, revision }) => average(seq, { revision })),
      fc
        .record({ second: fc.nat(5), revision: fc.nat(3) })
        .map(({ second, revision }) => unnumberedAverage(second, { revision })),
    );
    const gaps = fc.tuple(seqs, fc.nat(3)).map(([from, more]) => gap(from, from + more));
    const filesOf = (table: LandingTableKey, rows: fc.Arbitrary<LandingRow>) =>
      fc.record({ table: fc.constant(table), rows: fc.array(rows, { minLength: 1, maxLength: 6 }) });
    const deliveries = fc.record({
      file: fc.oneof(
        filesOf('sensordata', fc.oneof(readings, nameless)),
        filesOf('averages', averages),
        filesOf('gaps', gaps),
      ),
      isCompacted: fc.boolean(),
    });

    await fc.assert(
      fc.asyncProperty(fc.array(deliveries, { minLength: 2, maxLength: 6 }), async (steps) => {
        await truncate();
        for (const { file } of steps) await load(file.table, ...file.rows);
        const undisturbed = await tables();

        await deliver(steps);
        expect(await tables()).toEqual(undisturbed);
        const backwards = steps.map(({ file, isCompacted }) => ({
          file: { ...file, rows: file.rows.toReversed() },
          isCompacted,
        }));
        await deliver(backwards.toReversed());
        expect(await tables()).toEqual(undisturbed);
      }),
      { numRuns: 15 },
    );
  });

  it('takes readings and averages without a number along, each second of a station once', async () => {
    await truncate();
    await load('sensordata', unnumbered(1), unnumbered(1), unnumbered(2), unnumbered(1, { deviceid: '2' }));
    await load('averages', unnumberedAverage(1), unnumberedAverage(1), unnumberedAverage(2));
    await warehouse.compact();

    expect(
      await warehouse.query(`SELECT (SELECT COUNT(*) FROM sensordata_landing) AS readings,
        (SELECT COUNT(*) FROM sensordata_avgs_landing) AS averages`),
    ).toEqual([{ readings: 0, averages: 0 }]);
    expect(
      await warehouse.query(
        'SELECT deviceid, datetime, epoch, seq FROM sensordata ORDER BY deviceid, datetime',
      ),
    ).toEqual([
      { deviceid: '1', datetime: '2020-05-20 14:58:01', epoch: null, seq: null },
      { deviceid: '1', datetime: '2020-05-20 14:58:02', epoch: null, seq: null },
      { deviceid: '2', datetime: '2020-05-20 14:58:01', epoch: null, seq: null },
    ]);
    expect(
      await warehouse.query('SELECT datetime, epoch, seq FROM sensordata_avgs ORDER BY datetime'),
    ).toEqual([
      { datetime: '2020-05-20 14:58:01', epoch: null, seq: null },
      { datetime: '2020-05-20 14:58:02', epoch: null, seq: null },
    ]);
    expect(await warehouse.query('SELECT readings, epochs FROM station_health ORDER BY deviceid')).toEqual([
      { readings: 2, epochs: 0 },
      { readings: 1, epochs: 0 },
    ]);
  });

  it('shows a reading without a number once when it comes again, and the better one after the next', async () => {
    await truncate();
    await load('sensordata', unnumbered(1, { timequality: 'estimated', temperature: 1 }));
    await load('averages', unnumberedAverage(1));
    await warehouse.compact();
    await load('sensordata', unnumbered(1, { temperature: 2 }), unnumbered(3, { temperature: 3 }));
    await load('averages', unnumberedAverage(1, { revision: 1, msg_count: 5 }));

    const temperatures = 'SELECT temperature FROM sensordata ORDER BY datetime';
    const health = 'SELECT readings, weatherstationname FROM station_health';
    expect(await warehouse.query(temperatures)).toEqual([{ temperature: 1 }, { temperature: 3 }]);
    expect(await warehouse.query(health)).toEqual([{ readings: 2, weatherstationname: 'UK-Worthing' }]);
    await warehouse.compact();
    expect(await warehouse.query(temperatures)).toEqual([{ temperature: 2 }, { temperature: 3 }]);
    expect(await warehouse.query('SELECT revision, msg_count FROM sensordata_avgs')).toEqual([
      { revision: 1, msg_count: 5 },
    ]);
    expect(await warehouse.query(health)).toEqual([{ readings: 2, weatherstationname: 'UK-Worthing' }]);
  });

  it('counts what is left of readings without a number when old ones are deleted', async () => {
    await truncate();
    const of = (deviceid: string, year: number) =>
      unnumbered(1, { deviceid, datetime: `${year}-02-01 00:00:00` });
    await load('sensordata', of('1', 2018), of('1', 2019), of('1', 2021), of('2', 2018));
    await warehouse.compact();
    for (const statement of deletingOldReadings()) await warehouse.query(statement);

    expect(await warehouse.query('SELECT datetime FROM sensordata')).toEqual([
      { datetime: '2021-02-01 00:00:00' },
    ]);
    expect(await warehouse.query('SELECT deviceid, readings FROM station_health')).toEqual([
      { deviceid: '1', readings: 1 },
    ]);
    expect(await warehouse.query('SELECT * FROM sensordata_gaps')).toEqual([]);
  });

  it('finds the epochs that were alive at once, each pair of them', async () => {
    const epochs = fc.uniqueArray(
      fc.record({
        deviceid: fc.constantFrom('1', '2'),
        epoch: fc.constantFrom('A', 'B', 'C', 'D', 'E', 'F'),
        from: fc.nat(60),
        seconds: fc.nat(60),
      }),
      { selector: ({ deviceid, epoch }) => `${deviceid}/${epoch}`, minLength: 2, maxLength: 9 },
    );
    const STEP = 30;
    await fc.assert(
      fc.asyncProperty(epochs, async (some) => {
        await truncate();
        const of = (deviceid: string, epoch: string, seq: number, at: number) =>
          reading(seq, {
            ...{ deviceid, epoch },
            datetime: new Date(Date.UTC(2020, 4, 20) + at * STEP * 1000)
              .toISOString()
              .slice(0, 19)
              .replace('T', ' '),
          });
        await load(
          'sensordata',
          ...some.flatMap(({ deviceid, epoch, from, seconds }) => [
            of(deviceid, epoch, 1, from),
            of(deviceid, epoch, 2, from + seconds),
          ]),
        );
        const isAtOnce = (one: (typeof some)[number], other: (typeof some)[number]): boolean =>
          other.from * STEP < (one.from + one.seconds) * STEP - 120;
        const expected = some.flatMap((one) =>
          some
            .filter(({ deviceid, epoch }) => deviceid === one.deviceid && epoch > one.epoch)
            .filter((other) => isAtOnce(one, other) && isAtOnce(other, one))
            .map((other) => `${one.deviceid} ${one.epoch} ${other.epoch}`),
        );

        const rows = await warehouse.query('SELECT deviceid, epoch, other_epoch FROM concurrent_epochs');
        expect(rows.map((row) => Object.values(row).join(' ')).sort()).toEqual(expected.sort());
      }),
      { numRuns: 60 },
    );
  });

  it('keeps a reading once that comes again after older ones of its epoch were deleted', async () => {
    await truncate();
    // The third is dated before the second: what is deleted goes by time, and its mark by number.
    const wrong = reading(3, { datetime: '2019-12-11 00:00:00' });
    await load('sensordata', reading(1, { datetime: '2019-12-10 00:00:00' }), reading(2), wrong, reading(4));
    await warehouse.compact();
    for (const statement of deletingOldReadings()) await warehouse.query(statement);
    await load('sensordata', reading(2), reading(4));
    await warehouse.compact();

    expect(await warehouse.query('SELECT seq FROM sensordata ORDER BY seq')).toEqual([
      { seq: 2 },
      { seq: 4 },
    ]);
    expect(await warehouse.query('SELECT * FROM sensordata_gaps')).toEqual([]);
    await warehouse.query('TRUNCATE retention_marks');
  });

  it('shows what is new at once', async () => {
    await truncate();
    await load('sensordata', reading(1), reading(2));
    await warehouse.compact();
    await load('sensordata', reading(3), reading(4));

    expect(await warehouse.query('SELECT seq FROM sensordata ORDER BY seq')).toEqual(
      [1, 2, 3, 4].map((seq) => ({ seq })),
    );
    expect(await warehouse.query('SELECT fromseq, toseq FROM reading_ranges_final')).toEqual([
      { fromseq: 1, toseq: 2 },
    ]);
    expect(await warehouse.query('SELECT readings, missing FROM station_health')).toEqual([
      { readings: 4, missing: 0 },
    ]);
  });

  it('counts a rhythm of hours', async () => {
    await truncate();
    await load(
      'sensordata',
      ...[1, 2, 3].map((seq) => reading(seq, { datetime: `2020-05-20 1${seq}:00:00` })),
    );
    await warehouse.query("UPDATE sensordata_landing SET loaded = getdate() - INTERVAL '3 hours'");
    expect(await warehouse.query('SELECT silent FROM station_health')).toEqual([{ silent: 0 }]);
    await warehouse.compact();
    expect(await warehouse.query('SELECT silent FROM station_health')).toEqual([{ silent: 0 }]);
  });
});

describe('a deploy', () => {
  it("keeps a view of one's own that reads the project's", async () => {
    const warehouse = await openWarehouse();
    await warehouse.applySchema();
    await warehouse.execute([
      'CREATE VIEW hot_days AS SELECT deviceid FROM sensordata WHERE temperature > 30',
    ]);

    await warehouse.applySchema();

    expect(await warehouse.query('SELECT * FROM hot_days')).toEqual([]);
    await warehouse.close();
  });
});

describe('a warehouse that was deployed before the quantities had columns', () => {
  const openFormerWarehouse = async (): Promise<Warehouse> => {
    const warehouse = await openWarehouse();
    const before = schemaFiles.filter(({ name }) => name < '060');
    await warehouse.execute([SCHEMA_VERSIONS_TABLE]);
    for (const statements of transactionsToApply(before, new Map())) await warehouse.execute(statements);
    return warehouse;
  };
  const ROWS = `(deviceid, datetime, epoch, seq, extra) VALUES
    ('1', '2020-05-20 14:58:28', 'A', 1, '{"soiltemperature": -1.5, "firmware": "x"}'),
    ('1', '2020-05-20 14:58:40', 'A', 2, NULL)`;

  it.each(['sensordata_final', 'sensordata_landing'])(
    'shows what its readings in %s had',
    async (table) => {
      const warehouse = await openFormerWarehouse();
      await warehouse.query(`INSERT INTO ${table} ${ROWS}`);

      await warehouse.applySchema();

      expect(
        await warehouse.query('SELECT seq, soiltemperature, illuminance, extra FROM sensordata ORDER BY seq'),
      ).toEqual([
        { seq: 1, soiltemperature: -1.5, illuminance: null, extra: { soiltemperature: -1.5, firmware: 'x' } },
        { seq: 2, soiltemperature: null, illuminance: null, extra: null },
      ]);
      await warehouse.close();
    },
    60_000,
  );

  it('shows open quantities without epoch, and what was loaded without the columns after a compaction', async () => {
    const warehouse = await openFormerWarehouse();
    const insert = (second: number) =>
      warehouse.query(`INSERT INTO sensordata_landing (deviceid, datetime, epoch, seq, extra) VALUES
        ('1', '2020-05-20 14:58:0${second}', NULL, NULL, '{"soiltemperature": ${second}}'),
        ('1', '2020-05-20 14:58:0${second}', 'A', ${second}, '{"soiltemperature": ${second}}')`);
    await insert(1);
    await warehouse.applySchema();
    const query = 'SELECT soiltemperature FROM sensordata ORDER BY datetime, soiltemperature';
    expect(await warehouse.query(query)).toEqual([{ soiltemperature: 1 }, { soiltemperature: 1 }]);

    await insert(2);
    await warehouse.compact();
    expect((await warehouse.query(query)).filter(({ soiltemperature }) => soiltemperature === 2)).not.toEqual(
      [],
    );
    await warehouse.close();
  });
});

describe('the files of the schema', () => {
  const files = schemaFiles;

  it('fit into transactions of the Data API', () => {
    for (const statements of transactionsToApply(files, new Map()))
      expect(statements.length).toBeLessThanOrEqual(40);
  });

  it('refuse a table file that was changed after it was applied', () => {
    expect(() => transactionsToApply(files, new Map([['001-landing-tables.sql', 'other']]))).toThrow(
      '001-landing-tables.sql was changed after the warehouse applied it',
    );
  });

  it('declare the columns that COPY names, and no more than one default beside them', () => {
    for (const { name, columns } of Object.values(landingTables)) {
      const statement = files
        .flatMap(({ statements }) => statements)
        .find((sql) => sql.startsWith(`CREATE TABLE ${name} `));
      const added = files
        .flatMap(({ statements }) => statements)
        .flatMap((sql) => new RegExp(`^ALTER TABLE ${name} ADD COLUMN (\\w+)`).exec(sql)?.[1] ?? []);
      const declared = [
        ...[...(statement ?? '').matchAll(/^ {2}"?([a-z_]+)"? /gm)].map((match) => match[1]),
        ...added,
      ];
      expect(declared.toSorted()).toEqual([...columns, 'loaded'].toSorted());
    }
  });

  it('keep to what Redshift takes: no index, no key, no schema of PostgreSQL', () => {
    const text = files
      .map(({ name }) => readFileSync(new URL(`../../../cloud/sql/${name}`, import.meta.url), 'utf8'))
      .join('');
    expect(text).not.toMatch(
      /\b(CREATE INDEX|PRIMARY KEY|UNIQUE|SERIAL|JSONB|FILTER \(|DISTINCT ON|LATERAL|TEXT\b(?!"))/,
    );
  });
});
