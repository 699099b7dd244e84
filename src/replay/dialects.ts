import type { Role } from './column-names.ts';

/** What the names of a known kind of file do not say themselves. */
export type Dialect = {
  readonly name: string;
  /** Column names, squeezed, by which it is known; all of them. */
  readonly has: readonly string[];
  readonly units?: Readonly<Partial<Record<Role, string>>>;
  /** Names that mean something else here than elsewhere. */
  readonly roles?: Readonly<Record<string, Role | null>>;
  readonly zone?: string;
  readonly missing?: readonly string[];
};

const OWN = { windintensity: 'km/h', windgust: 'km/h', 'rain-interval': 'mm' } as const;
const SI_WIND = { windintensity: 'm/s', windgust: 'm/s' } as const;
const US = {
  temperature: '°F',
  dewpoint: '°F',
  windintensity: 'mph',
  windgust: 'mph',
  pressure: 'inHg',
  'pressure-sea': 'inHg',
  'rain-interval': 'in',
  'rain-hour': 'in',
  'rain-day': 'in',
  'rain-total': 'in',
} as const;

/** weewx, `usUnits` of its archive: 1 US, 16 metric with rain in cm, 17 metric. */
export const WEEWX_UNITS: Readonly<Record<string, Readonly<Partial<Record<Role, string>>>>> = {
  '1': US,
  '16': {
    temperature: '°C',
    dewpoint: '°C',
    windintensity: 'km/h',
    windgust: 'km/h',
    pressure: 'hPa',
    'pressure-sea': 'hPa',
    'rain-interval': 'cm',
  },
  '17': {
    temperature: '°C',
    dewpoint: '°C',
    windintensity: 'm/s',
    windgust: 'm/s',
    pressure: 'hPa',
    'pressure-sea': 'hPa',
    'rain-interval': 'mm',
  },
};

/** In the order they are tried. */
export const DIALECTS: readonly Dialect[] = [
  { name: 'weather-gateway readings', has: ['datetime', 'windintensity'], units: OWN, zone: 'UTC' },
  { name: 'weather-gateway readings', has: ['datetime', 'windgust', 'rainheight'], units: OWN, zone: 'UTC' },
  { name: 'weewx archive', has: ['datetime', 'usunits'] },
  { name: 'weewx archive', has: ['outtemp', 'outhumidity', 'barometer'] },
  {
    name: 'NDBC buoy',
    has: ['wdir', 'wspd', 'gst'],
    units: { ...SI_WIND, temperature: '°C', 'pressure-sea': 'hPa' },
    zone: 'UTC',
    missing: ['99.0', '999.0', '9999.0', '999'],
  },
  {
    name: 'NDBC buoy',
    has: ['wd', 'wspd', 'gst'],
    units: { ...SI_WIND, temperature: '°C', 'pressure-sea': 'hPa' },
    roles: { bar: 'pressure-sea' },
    zone: 'UTC',
    missing: ['99.0', '999.0', '9999.0', '999'],
  },
  {
    name: 'HPWREN',
    has: ['hpwrentimestamp'],
    units: { temperature: '°F', ...SI_WIND, 'rain-total': 'mm' },
  },
  {
    name: 'nycflights13 weather',
    has: ['timehour', 'windspeed', 'precip'],
    units: { ...US, 'rain-interval': 'in', 'pressure-sea': 'hPa' },
    roles: { pressure: 'pressure-sea' },
  },
  { name: 'foehnix', has: ['dd', 'ff', 'rh'], units: { temperature: '°C', ...SI_WIND } },
  {
    name: 'Meteostat',
    has: ['rhum', 'prcp', 'wspd'],
    units: { temperature: '°C', windintensity: 'km/h', windgust: 'km/h', 'rain-interval': 'mm' },
    zone: 'UTC',
  },
  {
    name: 'DWD CDC',
    has: ['messdatum'],
    units: { temperature: '°C', ...SI_WIND, 'rain-interval': 'mm', pressure: 'hPa', 'pressure-sea': 'hPa' },
    zone: 'UTC',
    missing: ['-999'],
  },
  { name: 'Iowa Mesonet ASOS', has: ['valid', 'tmpf'], units: { windgust: 'knots' }, zone: 'UTC' },
  { name: 'Iowa Mesonet ASOS', has: ['valid', 'tmpc'], units: { windgust: 'knots' }, zone: 'UTC' },
  { name: 'NOAA LCD', has: ['hourlydrybulbtemperature'], units: US },
  { name: 'METAR CSV', has: ['rawtext', 'observationtime'], zone: 'UTC' },
  {
    name: 'Weather Underground',
    has: ['temperaturef', 'windspeedmph', 'pressurein'],
    units: { pressure: 'inHg' },
    roles: { pressurein: 'pressure-sea', hourlyprecipin: 'rain-hour' },
  },
  { name: 'Ambient Weather', has: ['date', 'simpledate'] },
  { name: 'Ambient Weather', has: ['dateutc', 'tempf', 'baromabsin'], zone: 'UTC' },
  { name: 'WeatherLink', has: ['winddir', 'hispeed', 'thwindex'] },
  { name: 'Netatmo', has: ['timestamp', 'temperature', 'humidity', 'co2'] },
  {
    name: 'Tempest',
    has: ['windlull', 'windavg', 'windgust'],
    units: { temperature: '°C', ...SI_WIND, 'rain-interval': 'mm', pressure: 'hPa' },
  },
  {
    name: 'Météo-France',
    has: ['rr1', 'ff', 'dd'],
    units: { temperature: '°C', ...SI_WIND, 'rain-interval': 'mm' },
    zone: 'UTC',
  },
  {
    name: 'GeoSphere Austria',
    has: ['tl', 'rf', 'ff', 'dd'],
    units: { temperature: '°C', ...SI_WIND, 'rain-interval': 'mm' },
    roles: { p: 'pressure' },
    zone: 'UTC',
  },
  { name: 'MeteoSwiss', has: ['referencetimestamp'], zone: 'UTC' },
];
