import type { AverageRow } from '../../../cloud/contract/rows.ts';

export type AveragedReading = {
  deviceid: string;
  datetime: string;
  temperature: number | string | null;
  humidity: number | string | null;
  epoch?: string | null;
  seq?: number | null;
};

export type Stations = readonly { readonly deviceid: string; readonly weatherstationname: string }[];

export const secondsOf = (datetime: string): number => Date.parse(`${datetime.replace(' ', 'T')}Z`) / 1000;

const mean = (values: (number | string | null)[]): number | null => {
  const measured = values.filter((value) => value !== null).map(Number);
  if (measured.length === 0) return null;
  // Whole thousandths, so that a tie is a tie and not a binary fraction's guess.
  const thousandths = measured.reduce((sum, value) => sum + Math.round(value * 1000), 0);
  return Math.floor(thousandths / measured.length / 100 + 0.5) / 10;
};

/** The average rows of these readings by brute force, whatever their order and however often each of them is there. */
export const averagesOf = (
  readings: readonly AveragedReading[],
  stations: Stations,
): Omit<AverageRow, 'revision'>[] => {
  const distinct = new Map(
    readings.map((reading) => [
      JSON.stringify([reading.deviceid, reading.epoch, reading.seq ?? reading.datetime]),
      reading,
    ]),
  );
  const timed = [...distinct.values()].map((reading) => ({ reading, at: secondsOf(reading.datetime) }));
  return timed.map(({ reading, at }) => {
    const minute = timed
      .filter((other) => other.at <= at && other.at >= at - 60 && other.reading.deviceid === reading.deviceid)
      .map((other) => other.reading);
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
