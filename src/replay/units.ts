import { compassPoints } from '../weather/format.ts';

/** What a column measures, as far as its unit goes. */
export type UnitKind = 'temperature' | 'humidity' | 'direction' | 'speed' | 'rain' | 'pressure' | 'other';

/** `value × factor + offset` is the value in the gateway's own unit: °C, %RH, degrees, km/h, mm, hPa. */
export type Unit = { readonly name: string; readonly factor: number; readonly offset: number };

const unit = (name: string, factor: number, offset = 0): Unit => ({ name, factor, offset });

const KMH_PER_MS = 3.6;
const KMH_PER_MPH = 1.609344;
const KMH_PER_KNOT = 1.852;
const HPA_PER_INHG = 33.8638866667;

const celsius = unit('°C', 1);
const fahrenheit = unit('°F', 5 / 9, -160 / 9);
const percent = unit('%', 1);
const degrees = unit('°', 1);
const metresPerSecond = unit('m/s', KMH_PER_MS);
const kilometresPerHour = unit('km/h', 1);
const milesPerHour = unit('mph', KMH_PER_MPH);
const knots = unit('knots', KMH_PER_KNOT);
const hectopascal = unit('hPa', 1);
const inchesOfMercury = unit('inHg', HPA_PER_INHG);
const pascal = unit('Pa', 0.01);
const millimetres = unit('mm', 1);
const inches = unit('in', 25.4);

/** Spellings after `squeezed`. Of a quantity of another kind only its own unit is read. */
const UNITS: Readonly<Record<UnitKind, Readonly<Record<string, Unit>>>> = {
  temperature: {
    c: celsius,
    celsius,
    f: fahrenheit,
    fahrenheit,
    k: unit('K', 1, -273.15),
    kelvin: unit('K', 1, -273.15),
    '0.1c': unit('0.1 °C', 0.1),
  },
  humidity: {
    '%': percent,
    '%rh': percent,
    rh: percent,
    pct: percent,
    percent,
    fraction: unit('0 to 1', 100),
    '0-1': unit('0 to 1', 100),
  },
  direction: {
    '': degrees,
    t: degrees,
    n: degrees,
    fromn: degrees,
    fromnorth: degrees,
    true: degrees,
    '10s': unit('tens of degrees', 10),
    '10': unit('tens of degrees', 10),
  },
  speed: {
    ms: metresPerSecond,
    'm/s': metresPerSecond,
    'm/sec': metresPerSecond,
    'ms-1': metresPerSecond,
    'm*s-1': metresPerSecond,
    mps: metresPerSecond,
    'meters/second': metresPerSecond,
    kmh: kilometresPerHour,
    'km/h': kilometresPerHour,
    'km/hr': kilometresPerHour,
    kph: kilometresPerHour,
    mph: milesPerHour,
    'mi/h': milesPerHour,
    'mi/hr': milesPerHour,
    'miles/hour': milesPerHour,
    kt: knots,
    kts: knots,
    kn: knots,
    knot: knots,
    knots,
    'ft/s': unit('ft/s', 1.09728),
  },
  pressure: {
    hpa: hectopascal,
    hectopascal,
    hectopascals: hectopascal,
    mb: hectopascal,
    mbar: hectopascal,
    mbars: hectopascal,
    millibar: hectopascal,
    millibars: hectopascal,
    inhg: inchesOfMercury,
    incheshg: inchesOfMercury,
    inchhg: inchesOfMercury,
    in: inchesOfMercury,
    inches: inchesOfMercury,
    '"hg': inchesOfMercury,
    mmhg: unit('mmHg', 1.333224),
    torr: unit('mmHg', 1.333224),
    kpa: unit('kPa', 10),
    pa: pascal,
    pascal,
    pascals: pascal,
  },
  rain: {
    mm: millimetres,
    millimeter: millimetres,
    millimeters: millimetres,
    'l/m2': millimetres,
    'kg/m2': millimetres,
    in: inches,
    inch: inches,
    inches,
    '"': inches,
    cm: unit('cm', 10),
    m: unit('m', 1000),
    '0.1mm': unit('0.1 mm', 0.1),
  },
  other: {},
};

const squeezed = (text: string): string =>
  text
    .replace(/º/g, '°')
    .normalize('NFKC')
    .toLowerCase()
    .replace(/degrees|degree|deg|[°º˚\uFFFD\s._^]/g, (part) => (part === '.' ? '.' : ''))
    .replace(/²/g, '2')
    .replace(/\.$|^\./g, '')
    .replace(/in\.?hg\.?/, 'inhg');

/** The unit by one of its usual spellings; `null` when it is none of this kind. */
export const findUnit = (kind: UnitKind, text: string): Unit | null => {
  const units = UNITS[kind];
  const key = squeezed(text);
  return Object.hasOwn(units, key) ? (units[key] ?? null) : null;
};

/** Whether the text is a unit of any kind: then it is no part of a column's name. */
export const isUnit = (text: string): boolean =>
  (Object.keys(UNITS) as UnitKind[]).some((kind) => findUnit(kind, text) !== null) ||
  /^(w\/?m|wm-?2|v|volt|vdc|ly|klux|lux)/i.test(text.trim());

/** For messages: what `unit` of a mapping may say. */
export const unitNames = (kind: UnitKind): string =>
  [...new Set(Object.values(UNITS[kind]).map(({ name }) => name))].join(', ');

/** Texts that stand for "no value", in small letters. */
const MISSING = new Set(
  [
    '',
    'na',
    'n/a',
    'nan',
    '-nan',
    'null',
    'none',
    'nil',
    'm',
    'mm',
    'x',
    '-',
    '--',
    '---',
    '----',
    '-----',
  ].concat([
    '.',
    '/',
    '//',
    '///',
    '?',
    '*',
    'missing',
    'nd',
    'n.d.',
    '#n/a',
    'inf',
    '-inf',
    'vrb',
    'variable',
    'var',
    '\\n',
  ]),
);

/** Numbers no sensor gives that loggers write for "no value": -999, -9999.0, 7999, -7999, 99999. */
const FILLER =
  /^(?:-(?:99(?:\.[09]+)?|9{3,}(?:\.\d+)?|[67]999(?:\.\d+)?|6999(?:\.\d+)?)|9{4,}(?:\.\d+)?|[67]999(?:\.\d+)?)$/;

/** Only these can be one of `FILLER`: spares the regular expression for all others. */
const mayBeFiller = (value: number): boolean => value <= -99 || value >= 6999;

/** A trace of rain in the records of Taiwan's weather service; its other negative codes are failures. */
const TAIWAN_TRACE = -9.8;

export type FieldRules = {
  readonly kind: UnitKind;
  readonly unit: Unit;
  readonly isDecimalComma: boolean;
  /** Further texts that stand for "no value". */
  readonly missing: ReadonlySet<string>;
};

/** The value in the gateway's unit; `null` where none was measured; `undefined` for a text that is no value. */
export const readField = (text: string, rules: FieldRules): number | null | undefined => {
  const { kind, unit, isDecimalComma, missing } = rules;
  if (text === '') return null;
  if (missing.size > 0 && missing.has(text)) return null;
  const value = Number(isDecimalComma ? text.replace(',', '.') : text);
  if (Number.isFinite(value)) {
    if (mayBeFiller(value) && FILLER.test(text.replace(',', '.'))) return null;
    if (value < 0 && kind === 'rain') return value === TAIWAN_TRACE ? 0 : null;
    return converted(value, unit);
  }
  return readText(text.trim().toLowerCase(), kind, unit);
};

/** Without the noise of the conversion: 64.76 °F are 18.2 °C. */
const converted = (value: number, { factor, offset }: Unit): number =>
  factor === 1 && offset === 0 ? value : Math.round((value * factor + offset) * 1e6) / 1e6;

const WIND_ROSE: Readonly<Record<string, number>> = {
  ...Object.fromEntries(compassPoints.map((point, index) => [point.toLowerCase(), index * 22.5])),
  north: 0,
  east: 90,
  south: 180,
  west: 270,
};

/** Words that are a value: a trace of rain, a calm, a point of the compass. */
const wordValue = (text: string, kind: UnitKind): number | null | undefined => {
  if (kind === 'rain' && /^(?:t|tr|trace)$/.test(text)) return 0;
  if (kind === 'speed' && /^(?:calm|c)$/.test(text)) return 0;
  if (kind !== 'direction') return undefined;
  if (text === 'calm') return null;
  return Object.hasOwn(WIND_ROSE, text) ? WIND_ROSE[text] : undefined;
};

const readText = (text: string, kind: UnitKind, unit: Unit): number | null | undefined => {
  if (MISSING.has(text)) return null;
  const word = wordValue(text, kind);
  if (word !== undefined) return word;
  const found = /^([+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?|[+-]?\d+,\d+)\s*(.*)$/.exec(text);
  if (found === null) return undefined;
  const digits = found[1] ?? '';
  // 1,013 hPa is a thousand; nothing else here goes that far.
  const isGrouped = kind === 'pressure' && /,\d{3}(?:\D|$)/.test(digits);
  const value = Number(digits.replaceAll(',', isGrouped ? '' : '.'));
  const own = found[2] === '' ? unit : ownUnit(kind, found[2] ?? '', unit);
  return own === null || !Number.isFinite(value) ? undefined : converted(value, own);
};

/** `54.5 °F`, `29.9 in`; the marks that some networks append, such as `12s`, change nothing. */
const ownUnit = (kind: UnitKind, text: string, unit: Unit): Unit | null =>
  findUnit(kind, text) ?? (/^[a-z*]$/.test(text) ? unit : null);
