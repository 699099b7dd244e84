import { type Quantity, quantities, quantityTable } from '../weather/quantities.ts';
import { kindOf, type RainCount, type Role, WEEWX_UNITS } from './column-names.ts';
import type { Mapping } from './mapping.ts';
import { RecordingError } from './recording-text.ts';
import type { Header, Rows } from './table-header.ts';
import { columnIndex } from './table-time.ts';
import { type FieldRules, findUnit, readField, type Unit, type UnitKind, unitNames } from './units.ts';

/** A column that is read, and how. */
export type Column = {
  readonly quantity: Quantity;
  readonly index: number;
  readonly rules: FieldRules;
  /** Only of rain. */
  readonly count: RainCount;
  /** As `read as:` says it: `temperature from tmpf in °F`. */
  readonly description: string;
};

/** The roles that give a quantity, the best first. */
const rolesOf = (quantity: Quantity): readonly Role[] => {
  switch (quantity) {
    case 'rainheight':
      return ['rain-interval', 'rain-total', 'rain-day', 'rain-hour'];
    case 'pressure':
      return ['pressure', 'pressure-sea'];
    default:
      return [quantity];
  }
};

const KINDS_BY_UNIT: Readonly<Record<string, UnitKind>> = {
  '°C': 'temperature',
  '%RH': 'humidity',
  '°': 'direction',
  'km/h': 'speed',
  mm: 'rain',
  hPa: 'pressure',
};

const unitKind = (quantity: Quantity): UnitKind => KINDS_BY_UNIT[quantityTable[quantity].unit] ?? 'other';

const DECIMAL_COMMA = /^[+-]?\d+,\d+$/;

/** Whether the numbers are written with a decimal comma. */
export const hasDecimalComma = ({ separator }: Header, rows: Rows): boolean => {
  let commas = 0;
  let points = 0;
  for (const row of rows) {
    for (const text of row) {
      if (DECIMAL_COMMA.test(text)) commas += 1;
      else if (/^[+-]?\d+\.\d+$/.test(text)) points += 1;
    }
  }
  // Quoted among commas, a few such may be thousands: 1,013.
  return commas > (separator === ',' ? points * 2 : points);
};

type Sample = { readonly header: Header; readonly rows: Rows; readonly isDecimalComma: boolean };

const plainUnit = { name: '', factor: 1, offset: 0 };

const numbers = (sample: Sample, index: number, kind: UnitKind, missing: ReadonlySet<string>): number[] => {
  const rules = { kind, unit: plainUnit, isDecimalComma: sample.isDecimalComma, missing };
  return sample.rows.flatMap((row) => {
    const value = readField(row[index] ?? '', rules);
    return value === null || value === undefined ? [] : [value];
  });
};

type Guess = { readonly unit: Unit; readonly why: string };

const unitOf = (kind: UnitKind, text: string): Unit => findUnit(kind, text) ?? plainUnit;

/** Of which unit a temperature is that says none: beyond what air has, or by dew point and humidity beside it. */
const isFahrenheit = (sample: Sample, values: readonly number[], missing: ReadonlySet<string>): boolean => {
  if (values.some((value) => value > 60)) return true;
  const indexOf = (role: Role): number => sample.header.columns.findIndex((column) => column?.role === role);
  const columns = [indexOf('temperature'), indexOf('dewpoint'), indexOf('humidity')];
  if (columns.includes(-1)) return false;
  const errors = { celsius: 0, fahrenheit: 0 };
  const rules = {
    kind: 'temperature' as const,
    unit: plainUnit,
    isDecimalComma: sample.isDecimalComma,
    missing,
  };
  for (const row of sample.rows) {
    const [t, dewPoint, humidity] = columns.map((index) => readField(row[index] ?? '', rules) ?? null);
    if (t == null || dewPoint == null || humidity == null || humidity > 99 || t - dewPoint < 1) continue;
    const inCelsius = (value: number): number => (value - 32) / 1.8;
    errors.celsius += Math.abs(relativeHumidity(t, dewPoint) - humidity);
    errors.fahrenheit += Math.abs(relativeHumidity(inCelsius(t), inCelsius(dewPoint)) - humidity);
  }
  return errors.fahrenheit < errors.celsius;
};

/** Magnus, with the constants of the weather's own. */
const relativeHumidity = (temperatureC: number, dewPointC: number): number =>
  100 *
  Math.exp((17.62 * dewPointC) / (243.12 + dewPointC) - (17.62 * temperatureC) / (243.12 + temperatureC));

const BY_VALUES = ', by its values';

const pressureUnit = (highest: number): string => {
  if (highest < 35) return 'inhg';
  if (highest < 200) return 'kpa';
  return highest > 20_000 ? 'pa' : 'hpa';
};

const isShare = (values: readonly number[]): boolean =>
  values.every((value) => value <= 1) && values.some((value) => value > 0 && value < 1);

/** The unit of a column that says none. */
const guessUnit = (kind: UnitKind, values: readonly number[], isImperial: boolean): Guess => {
  const guess = (unit: string, why = ''): Guess => ({ unit: unitOf(kind, unit), why });
  switch (kind) {
    case 'temperature':
      return isImperial ? guess('f', BY_VALUES) : guess('c');
    case 'pressure': {
      const unit = pressureUnit(Math.max(...values.slice(0, 400)));
      return guess(unit, unit === 'hpa' ? '' : BY_VALUES);
    }
    case 'humidity':
      return isShare(values) ? guess('fraction', BY_VALUES) : guess('%');
    case 'direction':
      return guess('');
    case 'speed':
      return guess(isImperial ? 'mph' : 'm/s', ', which is assumed: its name says none');
    case 'other':
      return { unit: plainUnit, why: '' };
    case 'rain':
      return isImperial ? guess('in', ', as the temperature is °F') : guess('mm');
  }
};

/** Whether rain of which the name says nothing is a running total: it stays up, and never goes back to nothing. */
const isRunningTotal = (values: readonly number[]): boolean => {
  const from = values.findIndex((value) => value > 0);
  const wet = from === -1 ? [] : values.slice(from);
  const falls = wet.filter((value, index) => index > 0 && value < (wet[index - 1] ?? 0)).length;
  const repeats = wet.filter((value, index) => index > 0 && value === wet[index - 1]).length;
  const kinds = new Set(wet).size;
  return wet.length >= 24 && falls <= 1 && repeats >= wet.length / 2 && (kinds >= 3 || (wet[0] ?? 0) > 20);
};

/** The unit by the kind of file, else as the fields themselves say it: `54.5 °F`. */
const unitSaid = (kind: UnitKind, ofDialect: string | undefined, rows: Rows, index: number): Unit | null => {
  if (ofDialect !== undefined) return findUnit(kind, ofDialect);
  const texts = rows.map((row) => /^[+-]?\d[\d.,]*\s*([^\d\s].*)$/.exec(row[index] ?? '')?.[1]);
  const text = texts.find((each) => each !== undefined && each.length > 1);
  return text === undefined ? null : findUnit(kind, text);
};

const weewxUnits = ({ columns }: Header, rows: Rows): Readonly<Partial<Record<Role, string>>> => {
  const index = columns.findIndex((column) => column?.role === 'usunits');
  return (index === -1 ? undefined : WEEWX_UNITS[rows[0]?.[index] ?? '']) ?? {};
};

const allMissing = ({ dialect }: Header, mapping: Mapping): ReadonlySet<string> =>
  new Set([...(dialect?.missing ?? []), ...(mapping.missing ?? []).map(String)]);

/** Decides which columns are read, as what. */
export const findColumns = (
  name: string,
  header: Header,
  mapping: Mapping,
  rows: Rows,
  isDecimalComma: boolean,
): Column[] => {
  const sample = { header, rows, isDecimalComma };
  const missing = allMissing(header, mapping);
  const units = { ...weewxUnits(header, rows), ...header.dialect?.units };
  const found = quantities.flatMap((quantity) => findColumn(name, quantity, header, mapping));
  // A temperature in °F makes miles and inches of what says nothing.
  const isImperial = found.some(({ quantity, index, role, unit }) => {
    if (quantity !== 'temperature') return false;
    const said = unit ?? unitSaid('temperature', units[role], rows, index);
    if (said !== null) return said.name === '°F';
    return isFahrenheit(sample, numbers(sample, index, 'temperature', missing), missing);
  });
  return found.map(({ quantity, index, role, unit, count }) => {
    const kind = unitKind(quantity);
    const values = numbers(sample, index, kind, missing);
    const said = unit ?? unitSaid(kind, units[role], rows, index);
    const guess = said === null ? guessUnit(kind, values, isImperial) : { unit: said, why: '' };
    const isTotal = count === null && role === 'rain-interval' && isRunningTotal(values);
    const counted = count ?? (isTotal ? 'total' : countOf(role));
    const notes = [
      `${quantity} from ${header.names[index]} in ${guess.unit.name}${guess.why}`,
      ...(role === 'pressure-sea' ? ['reduced to sea level, taken as it is'] : []),
      ...(counted === 'interval' ? [] : [`which counts ${COUNT_TEXTS[counted]}`]),
    ];
    return {
      quantity,
      index,
      rules: { kind, unit: guess.unit, isDecimalComma, missing },
      count: counted,
      description: notes.join(', '),
    };
  });
};

const COUNT_TEXTS: Readonly<Record<Exclude<RainCount, 'interval'>, string>> = {
  total: 'up',
  day: 'up since midnight',
  hour: 'the rain of an hour',
};

const countOf = (role: Role): RainCount => {
  switch (role) {
    case 'rain-total':
      return 'total';
    case 'rain-day':
      return 'day';
    case 'rain-hour':
      return 'hour';
    default:
      return 'interval';
  }
};

type Chosen = {
  readonly quantity: Quantity;
  readonly index: number;
  readonly role: Role;
  readonly unit: Unit | null;
  readonly count: RainCount | null;
};

const findColumn = (name: string, quantity: Quantity, header: Header, { columns }: Mapping): Chosen[] => {
  const mapped = columns?.[quantity];
  if (mapped === null) return [];
  if (mapped !== undefined) return [mappedColumn(name, quantity, header, mapped)];
  for (const role of rolesOf(quantity)) {
    const index = header.columns.findIndex((column) => column?.role === role);
    if (index !== -1)
      return [{ quantity, index, role, unit: header.columns[index]?.unit ?? null, count: null }];
  }
  return [];
};

type MappedColumn = Exclude<NonNullable<Mapping['columns']>[Quantity], null | undefined>;

const mappedColumn = (name: string, quantity: Quantity, header: Header, mapped: MappedColumn): Chosen => {
  const { column, unit, cumulative } =
    typeof mapped === 'object' ? mapped : { column: mapped, unit: undefined, cumulative: undefined };
  const index = columnIndex(name, header.names, column);
  const kind = unitKind(quantity);
  const given = unit === undefined ? (header.columns[index]?.unit ?? null) : findUnit(kind, unit);
  if (unit !== undefined && given === null)
    throw new RecordingError(
      `${name}: the mapping gives ${quantity} the unit ${unit}; allowed is ${unitNames(kind)}`,
    );
  const role = header.columns[index]?.role;
  return {
    quantity,
    index,
    role: role !== undefined && kindOf(role) === kind ? role : (rolesOf(quantity)[0] ?? 'temperature'),
    unit: given,
    count: cumulative === undefined ? null : countGiven(cumulative),
  };
};

const countGiven = (cumulative: boolean | 'day' | 'hour'): RainCount => {
  if (typeof cumulative === 'string') return cumulative;
  return cumulative ? 'total' : 'interval';
};
