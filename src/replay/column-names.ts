import { type Quantity, quantities } from '../weather/quantities.ts';
import { findUnit, isUnit, type Unit, type UnitKind } from './units.ts';

/** How a rain column counts: since the reading before, since it was reset, since midnight, or over the last hour. */
export type RainCount = 'interval' | 'total' | 'day' | 'hour';

/** What a column holds, apart from the time. `sea` is a pressure reduced to sea level. */
export type Role =
  | Exclude<Quantity, 'rainheight'>
  | `rain-${RainCount}`
  | 'pressure-sea'
  | 'dewpoint'
  | 'usunits'
  | 'quality'
  | 'epoch'
  | 'seq';

/** Names as loggers, networks and weather services write them, after `squeeze`. A colon gives the unit a name implies. */
const NAMES: Readonly<Partial<Record<Role, string>>> = {
  temperature:
    'temperature temp airtemperature airtemp tempair temperatureair temperatura temperatur lufttemperatur aussentemperatur tair airt airtc:c ta tt tttu tt10 tl tl2m t t2m tmp atmp drybulbtemperature drybulbtemp drybulb tre200s0:c ttx',
  humidity:
    'humidity humid hum relativehumidity relhumidity relhum relhumid rh rhum relh rf rftu rf10 u humi relativehumidity2m luftfeuchte luftfeuchtigkeit relativeluftfeuchte feuchte humidite humedad ure200s0 hr',
  winddirection:
    'winddirection winddir wdir wd wnddir dirwind directionwind windirection direction drct dd dd10 d winddirdegrees winddirectiondegrees winddirectiondeg winddegrees winddeg windbearing bearing prevailingwinddirection prevailingwinddir windrichtung windangle vane dkl010z0 winddird1wvt winddirectiond1wvt dirdeg wr',
  windintensity:
    'windintensity:km/h windspeed wind windspd windvelocity wspd wspeed ws sknt:knots ff ff10 f speed spd windgeschwindigkeit windstaerke windavg windmean fkl010z0:m/s fu3010z0:km/h wsmsswvt:m/s wndspd vv viento',
  windgust:
    'windgust gust gusts gst gustspeed windgustspeed windspeedgust maxwindspeed windspeedmax peakwindspeed windmax windpeak wpgt fx fx10 fxi ffx highwindspeed hiwindspeed hispeed maxgust windboe windboee boe boee boeen windspitze fkl010z1:m/s fu3010z1:km/h windgusts gust10m windgustmax',
  'rain-interval':
    'rainheight rain rainfall precip precipitation precipamount precipitationamount prcp r1 rr1 rr rr10 rws10 niederschlag regen pluie lluvia rre150z0:mm precipdepth rainintervall raintot precipitationtotal',
  'rain-total':
    'raintotal totalrain totalrainfall rainfalltotal yearlyrain yearrain rainyear raincounter rainaccumulation rainaccum totalrainin eventtotal seasonrain cumulativerain rainsum regengesamt yearly',
  'rain-day':
    'dailyrain dayrain rainday raintoday todayrain daily precipaccum precipaccumulation precipitationaccum precipaccumulated dailyrainfall rainfalltoday precipdaily regenheute rainlocalday',
  'rain-hour':
    'hourlyrain hourrain hourrainfall hourlyprecip hourly p01i:in p01m:mm rainlasthour rain1h precip1hour precip1h',
  pressure:
    'pressure stationpressure stnpressure stnpress absolutepressure absolute abspressure baromabs airpressure atmosphericpressure barometricpressure bp barpress pp10 p0 pstat press baro prestas0:hPa surfacepressure luftdruck pression presion pressureabs pressurestation stpress qfe',
  'pressure-sea':
    'sealevelpressure slp mslp msl barometer baromrel barom relativepressure relative relpressure altimeter alti:inHg altim:inHg bar pressuremsl pressuresealevel pmer p pres pressuresl sealevel qnh qff altimetersetting pp0qffs0 pp0qnhs0',
  dewpoint: 'dewpoint dewp dewpt dwpt dwp dewpointtemperature dewpointtemp taupunkt td td10 dew dewpoint2m',
  usunits: 'usunits',
  quality: 'quality',
  epoch: 'epoch',
  seq: 'seq',
};

export const kindOf = (role: Role): UnitKind | null => {
  switch (role) {
    case 'temperature':
    case 'dewpoint':
      return 'temperature';
    case 'humidity':
      return 'humidity';
    case 'winddirection':
      return 'direction';
    case 'windintensity':
    case 'windgust':
      return 'speed';
    case 'pressure':
    case 'pressure-sea':
      return 'pressure';
    case 'rain-interval':
    case 'rain-total':
    case 'rain-day':
    case 'rain-hour':
      return 'rain';
    default:
      return null;
  }
};

type Known = { readonly role: Role; readonly impliedUnit: string | undefined };

const known = new Map<string, Known>(
  (Object.keys(NAMES) as Role[]).flatMap((role) =>
    (NAMES[role] ?? '').split(' ').map((entry): [string, Known] => {
      const [name = '', impliedUnit] = entry.split(':');
      return [name, { role, impliedUnit }];
    }),
  ),
);

/** Words that say where or how, not what. */
const NOISE = new Set(
  'out outdoor outside outer exterior avg average mean smp wvc tot set 1 1d 1m 2m 3m 10m 10 air station hourly current value raw inst obs measured sensor ext aussen'.split(
    ' ',
  ),
);

const SUFFIXES =
  'millimeters inches knots kmh kph mph kts mps hpa mbar inhg mmhg kpa degc degf celsius fahrenheit percent pct deg degrees inch ms kt mb pa mm in cm c f k'.split(
    ' ',
  );

const plain = (text: string): string =>
  text
    .replace(/º/g, '°')
    .normalize('NFKC')
    .replace(/ä/g, 'ae')
    .replace(/ö/g, 'oe')
    .replace(/ü/g, 'ue')
    .replace(/ß/g, 'ss')
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '');

const wordsOf = (text: string): string[] =>
  plain(text)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word, index, words) => word !== '' && word !== words[index - 1]);

/** A column's name without spaces, capitals and signs: `windspeedmph`. */
export const squeeze = (name: string): string => wordsOf(name).join('');

export type NamedColumn = {
  readonly role: Role;
  /** What the name says of its unit; `null` when it says nothing. */
  readonly unit: Unit | null;
};

const splitUnit = (name: string): { readonly name: string; readonly unitText: string | null } => {
  const found =
    /^(.*?)\s*[([{]\s*([^()[\]{}]*?)\s*[)\]}]\s*$/.exec(name) ??
    /^(.*?)\s+-\s+(\S.*)$/.exec(name) ??
    /^(.*?),\s*(\S.*)$/.exec(name);
  const unitText = found?.[2];
  if (found === null || unitText === undefined || !isUnit(unitText)) return { name, unitText: null };
  return { name: found[1] ?? '', unitText };
};

/** What a column holds, by its name; `null` when the name says nothing of the kind. */
export const nameColumn = (header: string): NamedColumn | null => {
  const { name, unitText } = splitUnit(header.trim());
  const words = wordsOf(name);
  const quiet = words.filter((word) => !NOISE.has(word));
  for (const candidate of [words.join(''), quiet.join('')]) {
    const found = lookUp(candidate);
    if (found === null) continue;
    const kind = kindOf(found.role);
    if (unitText === null || kind === null) return found;
    const unit = findUnit(kind, unitText);
    return unit === null ? null : { role: found.role, unit };
  }
  return null;
};

const lookUp = (name: string): NamedColumn | null => {
  const own = quantities.find((quantity) => quantity === name && NAMES[quantity as Role] === undefined);
  if (own !== undefined && own !== 'rainheight') return { role: own, unit: null };
  const exact = known.get(name);
  if (exact !== undefined) return { role: exact.role, unit: impliedUnit(exact) };
  for (const suffix of SUFFIXES) {
    const rest = name.endsWith(suffix) ? known.get(name.slice(0, -suffix.length)) : undefined;
    const kind = rest === undefined ? null : kindOf(rest.role);
    const unit = kind === null ? null : findUnit(kind, suffix);
    if (rest !== undefined && unit !== null) return { role: rest.role, unit };
  }
  return null;
};

const impliedUnit = ({ role, impliedUnit: text }: Known): Unit | null => {
  const kind = kindOf(role);
  return kind === null || text === undefined ? null : findUnit(kind, text);
};

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
