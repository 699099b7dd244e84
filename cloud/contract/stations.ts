import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { STATION_ID } from '../../src/weather/station-id.ts';

/** The reference file that the analytics joins by: which station a device is. */
export type Station = { readonly deviceid: string; readonly weatherstationname: string };

const rows = z.array(
  z.object({
    deviceid: z.string().regex(STATION_ID),
    weatherstationname: z.string().min(1).max(128),
  }),
);

/** Throws when a line is none. */
export const parseStations = (text: string): Station[] =>
  rows.parse(parse(text, { columns: true, skip_empty_lines: true, trim: true, bom: true }));

const field = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

export const formatStations = (stations: readonly Station[]): string =>
  `deviceid,weatherstationname\n${stations
    .map(({ deviceid, weatherstationname }) => `${deviceid},${field(weatherstationname)}\n`)
    .join('')}`;

/** One line a device: a station that is named again is renamed. */
export const withStation = (stations: readonly Station[], station: Station): Station[] => [
  ...stations.filter(({ deviceid }) => deviceid !== station.deviceid),
  station,
];
