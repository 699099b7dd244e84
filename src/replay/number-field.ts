import { findUnit, type Unit, type UnitKind } from './units.ts';

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

const POINTS = 'N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW'.split(' ');

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
  ...Object.fromEntries(POINTS.map((point, index) => [point.toLowerCase(), index * 22.5])),
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
