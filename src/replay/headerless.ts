import type { Dialect } from './dialects.ts';
import type { Separator } from './table-lines.ts';

/** Well-known files that name no columns: what theirs are. */
export type Headerless = {
  readonly dialect: Dialect;
  readonly names: readonly string[];
  readonly separator: Separator;
  readonly nextLine: number;
};

/** NOAA SURFRAD, README of its daily files: from the ninth column on each value is followed by a flag. */
const SURFRAD: Dialect = {
  name: 'SURFRAD',
  has: [],
  units: { temperature: '°C', windintensity: 'm/s', pressure: 'hPa' },
  zone: 'UTC',
};
const SURFRAD_TIME = ['year', '', 'month', 'day', 'hour', 'minute', '', ''];
const SURFRAD_RADIATION = 15;
const SURFRAD_WEATHER = ['temperature', 'humidity', 'wind speed', 'wind direction', 'station pressure'];
const SURFRAD_COLUMNS = 48;

/** Monthly log of Cumulus 1 and MX, which its help describes; units are those the user chose. */
const CUMULUS: Dialect = { name: 'Cumulus monthly log', has: [] };
const CUMULUS_NAMES = [
  'Date',
  'Time',
  'Temperature',
  'Humidity',
  'Dew point',
  'Wind speed',
  'Wind gust',
  'Wind bearing',
  '',
  'Rain today',
  'Sea level pressure',
  'Rain counter',
];

const flagged = (names: readonly string[]): string[] => names.flatMap((name) => [name, '']);

/** Recognises such a file by the form of its first lines. */
export const findHeaderless = (lines: readonly string[]): Headerless | null => {
  const [first = '', second = '', third = ''] = lines;
  const cumulus = /^\d{2}[/.-]\d{2}[/.-]\d{2}([,;])\d{2}:\d{2}\1/.exec(first);
  if (cumulus !== null && first.split(cumulus[1] ?? ',').length >= 12) {
    const separator = cumulus[1] === ';' ? ';' : ',';
    return { dialect: CUMULUS, names: CUMULUS_NAMES, separator, nextLine: 0 };
  }
  const isStation = /^\s*-?\d+\.\d+\s+-?\d+\.\d+\s+\d+\s*m?\b/.test(second);
  if (!isStation || third.trim().split(/\s+/).length !== SURFRAD_COLUMNS) return null;
  const radiation = Array.from({ length: SURFRAD_RADIATION }, () => '');
  const names = [...SURFRAD_TIME, ...flagged([...radiation, ...SURFRAD_WEATHER])];
  return { dialect: SURFRAD, names, separator: 'space', nextLine: 2 };
};
