import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newsOf, STATIONS_IN_TROUBLE, stationAlarms } from '../../../cloud/lambda/station-alarms.ts';
import { openWarehouse, type Warehouse } from '../../system/stand-ins/warehouse.ts';

type Row = (string | number | null)[];

/** As the query gives it: id, name, silent, last arrival, under-voltage, failing, days of the certificate. */
const row = (id: string, changes: Partial<Record<'silent' | 'under' | 'failing' | 'days', number>>): Row => [
  ...[id, `Station ${id}`, changes.silent ?? 0, '2020-05-20 15:00:00.000', changes.under ?? 0],
  ...[changes.failing ?? null, changes.days ?? null],
];

describe('the alarms of stations', () => {
  it('are mailed once each, with their heading in the runbook, and once more when they are over', () => {
    const first = newsOf([row('1', { under: 1, days: 12 }), row('2', { failing: 2 })], [], 'daily');
    expect(first.message?.split('\n')).toEqual([
      'Weather station "Station 1" (1): its supply was too low within a day. station-undervoltage: see docs/operations.md#station-undervoltage',
      'Weather station "Station 1" (1): its certificate ends in 12 day(s). station-certificate-ends: see docs/operations.md#station-certificate-ends',
      'Weather station "Station 2" (2): 2 instrument(s) failing. station-instrument-failed: see docs/operations.md#station-instrument-failed',
    ]);

    const nextDay = newsOf(
      [row('1', { under: 1, days: 11 }), row('2', { failing: 1 })],
      first.mailed,
      'daily',
    );
    expect(nextDay.message).toBeNull();

    const later = newsOf([row('1', { silent: 1, days: 10 })], nextDay.mailed, 'daily');
    expect(later.message?.split('\n')).toEqual([
      expect.stringMatching(
        /^Weather station "Station 1" \(1\): nothing has arrived since 2020-05-20 15:00:00 UTC/,
      ),
      'Over: station-undervoltage of station 1',
      'Over: station-instrument-failed of station 2',
    ]);
    expect(newsOf([], later.mailed, 'daily').mailed).toEqual([]);
  });

  it('that come and go within a day are mailed once, and over on the next', () => {
    const first = newsOf([row('1', { failing: 1 })], ['station-undervoltage/2'], 'hourly');
    expect(first.message).toMatch(/^Weather station "Station 1" \(1\): 1 instrument\(s\) failing[^\n]*$/);
    const gone = newsOf([], first.mailed, 'hourly');
    const back = newsOf([row('1', { failing: 1 })], gone.mailed, 'hourly');
    expect([gone.message, back.message]).toEqual([null, null]);

    expect(newsOf([], back.mailed, 'daily')).toEqual({
      message: 'Over: station-undervoltage of station 2\nOver: station-instrument-failed of station 1',
      mailed: [],
    });
  });

  it('fit into a mail and into one item, and are not called over because a list was cut', () => {
    const rows = Array.from({ length: 500 }, (_, n) => row(`${'x'.repeat(96)}${n}`, { silent: 1, under: 1 }));
    const { message, mailed } = newsOf(rows, ['station-silent/zebra'], 'daily');

    expect(message?.split('\n').length).toBe(101);
    expect(message).toMatch(/and 900 more: SELECT \* FROM station_health$/);
    expect(message).not.toContain('Over:');
    expect(mailed).toContain('station-silent/zebra');
    expect(JSON.stringify(mailed).length).toBeLessThan(400_000);
  });

  it('show no link that somebody put into the name of a station', () => {
    const [first = ''] = [
      newsOf([['1', 'Pay at https://evil.example/x', 1, null, 0, null, null]], [], 'daily').message,
    ];
    expect(first).not.toContain('evil');
  });

  it('have a heading each in the runbook, and no heading is without an alarm', () => {
    const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
    const headings = [...page.matchAll(/^### (station-[a-z-]+)$/gm)].map((match) => match[1]);
    expect(headings.toSorted()).toEqual([...stationAlarms].toSorted());
  });

  describe('in the tables', () => {
    let warehouse: Warehouse;
    beforeAll(async () => {
      warehouse = await openWarehouse();
      await warehouse.applySchema();
    });
    afterAll(() => warehouse.close());

    it('are those of stations that are silent, failing, low on supply or about to lose their certificate', async () => {
      const insert = (id: string, columns: string, values: string) =>
        warehouse.query(
          `INSERT INTO health_landing (deviceid, datetime, receivedms${columns}) VALUES ('${id}', getdate(), 1${values})`,
        );
      for (const id of ['1', '2', '3', '4', '5'])
        await warehouse.query(
          `INSERT INTO sensordata_landing (deviceid, datetime, epoch, seq, timequality, loaded)
           VALUES ('${id}', getdate(), 'A', 1, 'synced', getdate() - INTERVAL '${id === '5' ? 40 : 0} days')`,
        );
      await insert('1', ', failing, certificatedays', ', 0, 200');
      await insert('2', ', failing', ', 1');
      await insert('3', ', lastundervoltage', ", getdate() - INTERVAL '1 hour'");
      await insert('4', ', certificatedays', ', 29');

      const rows = (await warehouse.query(STATIONS_IN_TROUBLE)).map((each) => Object.values(each) as Row);
      expect(newsOf(rows, [], 'daily').mailed.toSorted()).toEqual([
        ...['station-certificate-ends/4', 'station-instrument-failed/2'],
        ...['station-silent/5', 'station-undervoltage/3'],
      ]);
    });
  });
});
