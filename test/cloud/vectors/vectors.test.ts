import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AlertRow, AverageRow } from '../../../cloud/contract/rows.ts';
import { averagesOf, type AveragedReading as Input, type Stations, secondsOf } from './averages.ts';

type InputRecord = Input | Input[];

const vectorsOf = <Case>(name: string): { stations: Stations; cases: Case[] } =>
  JSON.parse(readFileSync(new URL(`../../../cloud/vectors/${name}.json`, import.meta.url), 'utf8'));

const readingsOf = (record: InputRecord): Input[] => (Array.isArray(record) ? record : [record]);

const inOrder = (rows: { deviceid: string; datetime: string; seq: number | null }[]) =>
  rows.toSorted(
    (a, b) =>
      a.deviceid.localeCompare(b.deviceid) ||
      a.datetime.localeCompare(b.datetime) ||
      (a.seq ?? 0) - (b.seq ?? 0),
  );

describe('the vectors shared with the Flink job', () => {
  const averages = vectorsOf<{ name: string; records: InputRecord[]; averages: AverageRow[] }>('averages');
  it.each(averages.cases)('averages: $name', ({ records, averages: rows }) => {
    expect(inOrder(rows)).toEqual(inOrder(averagesOf(records.flatMap(readingsOf), averages.stations)));
  });

  const alerts = vectorsOf<{
    name: string;
    arrivals: { at: string; record: InputRecord }[];
    alerts: Omit<AlertRow, 'alertid'>[];
  }>('alerts');
  it.each(alerts.cases)('alerts: $name', ({ arrivals, alerts: rows }) => {
    const hot = new Map(
      arrivals
        .flatMap(({ record }) => readingsOf(record))
        .filter(({ temperature }) => Number(temperature) > 40)
        .map((reading) => [`${reading.deviceid}/${reading.seq}`, reading]),
    );
    expect(rows.reduce((sum, { count }) => sum + count, 0)).toBe(hot.size);
    for (const row of rows) {
      const within = [...hot.values()].filter(
        ({ deviceid, datetime }) =>
          deviceid === row.deviceid && datetime >= row.first_datetime && datetime <= row.last_datetime,
      );
      expect(within.length).toBe(row.count);
      expect(Math.min(...within.map(({ temperature }) => Number(temperature)))).toBe(row.min_temperature);
      expect(Math.max(...within.map(({ temperature }) => Number(temperature)))).toBe(row.max_temperature);
      if (!row.late) expect(secondsOf(row.last_datetime) - secondsOf(row.first_datetime)).toBeLessThan(120);
    }
  });
});
