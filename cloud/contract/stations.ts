import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { STATION_ID, STATION_ID_IN_WORDS } from '../../src/weather/message.ts';

/** The reference file that the analytics joins by: which station a device is, and which clock its people read. */
export type Station = {
  readonly deviceid: string;
  readonly weatherstationname: string;
  /** Of the tz database, `Europe/London`; empty when nobody said. */
  readonly timezone: string;
};

/** No control or format characters, no line or paragraph separators; not blank at either end. */
const NAME = /^(?!\s)[^\p{C}\p{Zl}\p{Zp}]{1,128}(?<!\s)$/u;

const isTimeZone = (name: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

const station: z.ZodType<Station> = z.object({
  deviceid: z.string().regex(STATION_ID, `no station id: ${STATION_ID_IN_WORDS}`),
  weatherstationname: z.string().regex(NAME, 'a name has 1 to 128 characters in one line and is not blank'),
  timezone: z
    .string()
    .refine((name) => name === '' || isTimeZone(name), 'no time zone of the tz database')
    .default(''),
});

/** Throws with one sentence a problem when the station file cannot hold it. */
export const checkStation = (value: Station): Station => {
  const checked = station.safeParse(value);
  if (!checked.success) throw new Error(checked.error.issues.map(({ message }) => message).join('; '));
  return checked.data;
};

export type StationFile = {
  readonly stations: readonly Station[];
  /** Lines that are no station, as they are: one must not cost the others, and none is lost. */
  readonly otherLines: readonly string[];
};

const HEADER = 'deviceid,weatherstationname,timezone';

const stationOf = (header: string, line: string): Station | null => {
  try {
    const [row] = parse(`${header}\n${line}`, { columns: true, trim: true, relax_column_count: true });
    return station.safeParse(row).data ?? null;
  } catch {
    return null;
  }
};

export const parseStations = (text: string): StationFile => {
  const [header = HEADER, ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const stations: Station[] = [];
  const otherLines: string[] = [];
  for (const line of lines.filter((one) => one.trim() !== '')) {
    const found = stationOf(header, line);
    if (found) stations.push(found);
    else otherLines.push(line);
  }
  return { stations, otherLines };
};

const field = (text: string): string => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export const formatStations = (stations: readonly Station[], otherLines: readonly string[] = []): string => {
  const lines = stations.map(
    ({ deviceid, weatherstationname, timezone }) => `${deviceid},${field(weatherstationname)},${timezone}`,
  );
  return [HEADER, ...lines, ...otherLines, ''].join('\n');
};

/** One line a device: a station that is named again is renamed. */
export const withStation = (stations: readonly Station[], added: Station): Station[] => [
  ...stations.filter(({ deviceid }) => deviceid !== added.deviceid),
  added,
];
