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

/** Asked for each line of a list of thousands, which name few zones. */
const knownZones = new Map<string, boolean>();

const isTimeZone = (name: string): boolean => {
  const known = knownZones.get(name);
  if (known !== undefined) return known;
  let isOne = true;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
  } catch {
    isOne = false;
  }
  knownZones.set(name, isOne);
  return isOne;
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

type StationFile = {
  readonly stations: readonly Station[];
  /** Lines that are no station, as they are: one must not cost the others, and none is lost. */
  readonly otherLines: readonly string[];
};

const HEADER = 'deviceid,weatherstationname,timezone';

/** A line at a time, so that a quote which is never closed costs its own line alone. Most have none. */
const fieldsOf = (line: string): string[] => {
  if (!line.includes('"')) return line.split(',').map((text) => text.trim());
  const [fields = []] = parse(line, { trim: true });
  return fields;
};

const stationOf = (names: readonly string[], line: string): Station | null => {
  try {
    const fields = fieldsOf(line);
    return (
      station.safeParse(Object.fromEntries(names.map((name, index) => [name, fields[index]]))).data ?? null
    );
  } catch {
    return null;
  }
};

export const parseStations = (text: string): StationFile => {
  const [header = HEADER, ...lines] = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const names = fieldsOf(header.trim() === '' ? HEADER : header);
  const stations: Station[] = [];
  const otherLines: string[] = [];
  for (const line of lines.filter((one) => one.trim() !== '')) {
    const found = stationOf(names, line);
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
export const withStations = (stations: readonly Station[], added: readonly Station[]): Station[] => {
  const ids = new Set(added.map(({ deviceid }) => deviceid));
  return [...stations.filter(({ deviceid }) => !ids.has(deviceid)), ...added];
};
