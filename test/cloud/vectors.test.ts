import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AlertRow, AverageRow } from '../../cloud/rows.ts';

type Input = {
  deviceid: string;
  datetime: string;
  temperature: number | string | null;
  humidity: number | string | null;
  epoch?: string;
  seq?: number;
};
type InputRecord = Input | Input[] | { readings: Input[] };
type Stations = { deviceid: string; weatherstationname: string }[];

const vectorsOf = <Case>(name: string): { stations: Stations; cases: Case[] } =>
  JSON.parse(readFileSync(new URL(`../../cloud/vectors/${name}.json`, import.meta.url), 'utf8'));

const readingsOf = (record: InputRecord): Input[] =>
  Array.isArray(record) ? record : 'readings' in record ? record.readings : [record];

const secondsOf = (datetime: string): number => Date.parse(`${datetime.replace(' ', 'T')}Z`) / 1000;

const mean = (values: (number | string | null)[]): number | null => {
  const measured = values.filter((value) => value !== null).map(Number);
  if (measured.length === 0) return null;
  // Whole thousandths, so that a tie is a tie and not a binary fraction's guess.
  const thousandths = measured.reduce((sum, value) => sum + Math.round(value * 1000), 0);
  return Math.floor(thousandths / measured.length / 100 + 0.5) / 10;
};

const bruteForce = (records: InputRecord[], stations: Stations): Omit<AverageRow, 'revision'>[] => {
  const distinct = new Map(
    records
      .flatMap(readingsOf)
      .map((reading) => [
        JSON.stringify([reading.deviceid, reading.epoch, reading.seq ?? reading.datetime]),
        reading,
      ]),
  );
  return [...distinct.values()].map((reading) => {
    const age = (other: Input): number => secondsOf(reading.datetime) - secondsOf(other.datetime);
    const minute = [...distinct.values()].filter(
      (other) => other.deviceid === reading.deviceid && age(other) >= 0 && age(other) <= 60,
    );
    return {
      deviceid: reading.deviceid,
      weatherstationname:
        stations.find(({ deviceid }) => deviceid === reading.deviceid)?.weatherstationname ?? null,
      min_datetime: minute.map(({ datetime }) => datetime).sort()[0] ?? '',
      avg_temperature: mean(minute.map(({ temperature }) => temperature)),
      avg_humidity: mean(minute.map(({ humidity }) => humidity)),
      msg_count: minute.length,
      datetime: reading.datetime,
      epoch: reading.epoch ?? null,
      seq: reading.seq ?? null,
    };
  });
};

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
    expect(inOrder(rows)).toEqual(inOrder(bruteForce(records, averages.stations)));
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
