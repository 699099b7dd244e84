/** From local time, ms as if it were UTC, to UTC; `previousMs` is the UTC time of the reading before. */
export type ToUtc = (localMs: number, previousMs: number) => number;

const HOUR_MS = 3_600_000;

/** Standard abbreviations of measuring networks. "MST" in a log means so all year round. */
const ABBREVIATIONS: Readonly<Record<string, number>> = {
  utc: 0,
  gmt: 0,
  z: 0,
  wet: 0,
  bst: 1,
  west: 1,
  cet: 1,
  cest: 2,
  eet: 2,
  eest: 3,
  est: -5,
  edt: -4,
  cst: -6,
  cdt: -5,
  mst: -7,
  mdt: -6,
  pst: -8,
  pdt: -7,
  akst: -9,
  akdt: -8,
  hst: -10,
};

/** Minutes east of Greenwich of `Z`, `+01:00`, `utc+8`, `MST`; `null` when the text is no fixed offset. */
export const fixedOffsetMinutes = (text: string): number | null => {
  const name = text.trim().toLowerCase();
  if (Object.hasOwn(ABBREVIATIONS, name)) return (ABBREVIATIONS[name] ?? 0) * 60;
  const found = /^(?:utc|gmt)?\s*([+-])(\d{1,2})(?::?(\d{2}))?$/.exec(name);
  if (found === null) return null;
  const minutes = Number(found[2]) * 60 + Number(found[3] ?? 0);
  return minutes > 14 * 60 ? null : found[1] === '-' ? -minutes : minutes;
};

export const fixedZone = (offsetMinutes: number): ToUtc => {
  const offsetMs = offsetMinutes * 60_000;
  return (localMs) => localMs - offsetMs;
};

/**
 * A zone by its IANA name, daylight saving included; `null` for a name that does not exist. Of the hour that comes twice
 * in autumn a time is taken as the earlier one, unless that is before the reading before.
 */
const namedZone = (name: string): ToUtc | null => {
  const format = formatterOf(name);
  if (format === null) return null;
  const offsetMs = (utcMs: number): number => {
    const part = format.formatToParts(utcMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    return (fixedOffsetMinutes(part === 'GMT' ? 'utc' : part) ?? 0) * 60_000;
  };
  let hour = Number.NaN;
  let before = 0;
  let after = 0;
  return (localMs, previousMs) => {
    const thisHour = Math.floor(localMs / HOUR_MS);
    if (thisHour !== hour) {
      hour = thisHour;
      before = offsetMs(localMs - 6 * HOUR_MS);
      after = offsetMs(localMs + 6 * HOUR_MS);
    }
    const early = localMs - before;
    if (before === after) return early;
    const late = localMs - after;
    const isEarly = offsetMs(early) === before;
    const isLate = offsetMs(late) === after;
    if (isEarly && isLate) return early > previousMs ? early : late;
    return isLate ? late : early;
  };
};

const formatterOf = (name: string): Intl.DateTimeFormat | null => {
  try {
    return new Intl.DateTimeFormat('en-GB', { timeZone: name, timeZoneName: 'longOffset' });
  } catch {
    return null;
  }
};

/** The zone of a mapping or of a header: an offset, an abbreviation or an IANA name. */
export const findZone = (text: string): ToUtc | null => {
  const minutes = fixedOffsetMinutes(text);
  return minutes === null ? namedZone(text.trim()) : fixedZone(minutes);
};

/** How the time of a reading is written. */
export type TimeFormat = {
  /** As `read as:` says it. */
  readonly name: string;
  /** Whether a text says its zone itself. */
  readonly isZoned: (text: string) => boolean;
  /** Whether a text looks like one, possible or not. */
  readonly matches: (text: string) => boolean;
  /** UTC, ms; `NaN` for a text of another form and for a time that does not exist. */
  readonly parse: (text: string, toUtc: ToUtc, previousMs: number) => number;
};

const TIME = String.raw`(?<hour>\d{1,2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:[.,]\d+)?)?(?:\s*(?<half>[ap])\.?m?\.?)?`;
const ZONE = String.raw`(?:\s*(?<zone>Z|UTC|GMT|[A-Z]{2,4}T|(?:UTC|GMT)?\s?[+-]\d{2}(?::?\d{2})?))?`;
const CLOCK = String.raw`(?:[T ,;]+(?:${TIME}|(?<hhmm>\d{3,4}))${ZONE})?`;
const MONTHS = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');
/** German, French, Spanish and Italian months that begin otherwise. */
const OTHER_MONTHS: Readonly<Record<string, number>> = {
  mae: 3,
  mrz: 3,
  avr: 4,
  abr: 4,
  mai: 5,
  mag: 5,
  giu: 6,
  lug: 7,
  ago: 8,
  set: 9,
  okt: 10,
  ott: 10,
  ene: 1,
  gen: 1,
  dez: 12,
  dic: 12,
};

type Fields = Readonly<Record<string, string | undefined>>;

const daysInMonth = (year: number, month: number): number => new Date(Date.UTC(year, month, 0)).getUTCDate();

/** As if UTC, ms; `NaN` for a date that does not exist. */
export const localDate = (year: number, month: number, day: number): number => {
  if (month < 1 || month > 12 || day < 1 || (day > 28 && day > daysInMonth(year, month))) return Number.NaN;
  return Date.UTC(year, month - 1, day);
};

/** Since midnight, ms; `NaN` for a time that does not exist. 24:00 is the end of the day. */
export const timeOfDay = (hour: number, minute: number, second: number): number => {
  const ms = ((hour * 60 + minute) * 60 + second) * 1000;
  return minute > 59 || second > 60 || ms > 86_400_000 ? Number.NaN : ms;
};

const yearOf = (text: string): number => {
  const year = Number(text);
  if (text.length > 2) return year;
  return year < 70 ? 2000 + year : 1900 + year;
};

const monthOf = ({ month = '', monthname }: Fields): number => {
  if (monthname === undefined) return Number(month);
  const start = monthname.toLowerCase().normalize('NFD').slice(0, 3);
  return OTHER_MONTHS[start] ?? MONTHS.indexOf(start) + 1;
};

const hourOf = ({ hour = '0', half, hhmm }: Fields): number => {
  if (hhmm !== undefined) return Math.floor(Number(hhmm) / 100);
  const plain = Number(hour);
  if (half === undefined) return plain;
  if (plain < 1 || plain > 12) return Number.NaN;
  return (plain % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
};

const localOf = (fields: Fields): number => {
  const { year = '', day = '', minute = '0', second = '0', hhmm } = fields;
  const minutes = hhmm === undefined ? Number(minute) : Number(hhmm) % 100;
  return (
    localDate(yearOf(year), monthOf(fields), Number(day)) + timeOfDay(hourOf(fields), minutes, Number(second))
  );
};

const calendar = (name: string, pattern: string): TimeFormat => {
  const expression = new RegExp(`^${pattern}$`, 'i');
  const fieldsOf = (text: string): Fields | undefined => expression.exec(text)?.groups;
  return {
    name,
    matches: (text) => expression.test(text),
    isZoned: (text) => fieldsOf(text)?.['zone'] !== undefined,
    parse: (text, toUtc, previousMs) => {
      const fields = fieldsOf(text);
      if (fields === undefined) return Number.NaN;
      const { zone } = fields;
      const offset = zone === undefined ? null : fixedOffsetMinutes(zone);
      const localMs = localOf(fields);
      return offset === null ? toUtc(localMs, previousMs) : localMs - offset * 60_000;
    },
  };
};

/** The usual form, without a regular expression: it is read millions of times. */
const quickIso = (text: string): number => {
  if (text.length !== 19) return Number.NaN;
  const digits = (from: number, to: number): number => {
    let value = 0;
    for (let index = from; index < to; index += 1) {
      const digit = text.charCodeAt(index) - 48;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
    }
    return value;
  };
  if (text[4] !== '-' || text[7] !== '-' || text[13] !== ':' || text[16] !== ':') return Number.NaN;
  return (
    localDate(digits(0, 4), digits(5, 7), digits(8, 10)) +
    timeOfDay(digits(11, 13), digits(14, 16), digits(17, 19))
  );
};

const slowIso = calendar(
  'year-month-day',
  String.raw`(?<year>\d{4})[-/.](?<month>\d{1,2})[-/.](?<day>\d{1,2})${CLOCK}`,
);

const iso: TimeFormat = {
  ...slowIso,
  parse: (text, toUtc, previousMs) => {
    const quick = quickIso(text);
    return Number.isNaN(quick) ? slowIso.parse(text, toUtc, previousMs) : toUtc(quick, previousMs);
  },
};

const compact = calendar(
  'yyyymmddhhmm',
  String.raw`(?<year>(?:19|20)\d{2})(?<month>0[1-9]|1[0-2])(?<day>[0-3]\d)(?:[T ]?(?<hour>[0-2]\d)(?::?(?<minute>[0-5]\d)(?::?(?<second>[0-5]\d))?)?${ZONE})?`,
);

const dayFirst = calendar(
  'day/month/year',
  String.raw`(?<day>\d{1,2})[./-](?<month>\d{1,2})[./-](?<year>\d{4}|\d{2})${CLOCK}`,
);

const monthFirst = calendar(
  'month/day/year',
  String.raw`(?<month>\d{1,2})[./-](?<day>\d{1,2})[./-](?<year>\d{4}|\d{2})${CLOCK}`,
);

const named = [
  calendar(
    'day month-name year',
    String.raw`(?<day>\d{1,2})\.?[- ](?<monthname>\p{L}{3,9})\.?[- ,]+(?<year>\d{4}|\d{2})${CLOCK}`.replace(
      String.raw`\p{L}`,
      '[a-zäûé]',
    ),
  ),
  calendar(
    'month-name day year',
    String.raw`(?:[a-z]{3,9},? )?(?<monthname>[a-z]{3,9})\.? (?<day>\d{1,2}),? +(?<year>\d{4})${CLOCK}`,
  ),
];

const epoch = (name: string, pattern: RegExp, perUnitMs: number): TimeFormat => ({
  name,
  matches: (text) => pattern.test(text),
  isZoned: () => true,
  parse: (text) => (pattern.test(text) ? Math.round(Number(text.replace(',', '.')) * perUnitMs) : Number.NaN),
});

const epochSeconds = epoch('epoch seconds', /^\d{8,10}(?:[.,]\d+)?$/, 1000);
const epochMilliseconds = epoch('epoch milliseconds', /^\d{12,13}(?:\.\d+)?$/, 1);

/** In the order they are tried: `2020010112` could be epoch seconds too, of the year 2034. */
const FORMATS: readonly TimeFormat[] = [
  iso,
  compact,
  dayFirst,
  monthFirst,
  ...named,
  epochMilliseconds,
  epochSeconds,
];

const share = (texts: readonly string[], is: (text: string) => boolean): number =>
  texts.filter(is).length / texts.length;

const MIN_SHARE = 0.8;

/** Whether most of the texts are a date, with or without a time of day; numbers that may be epoch seconds are too. */
export const findTimeFormat = (texts: readonly string[], isMonthFirst: boolean): TimeFormat | null => {
  if (texts.length === 0) return null;
  const fitting = FORMATS.filter(({ matches }) => share(texts, matches) >= MIN_SHARE);
  const [first] = fitting;
  if (first !== dayFirst) return first ?? null;
  return orderOf(texts, isMonthFirst);
};

/** `3/4/2020` may be of March or of April: what other lines rule out, then what advances like days, then the custom. */
const orderOf = (texts: readonly string[], isMonthFirst: boolean): TimeFormat => {
  const pairs = texts.map((text) => text.split(/[./-]/).slice(0, 2).map(Number));
  const highest = (index: number): number => Math.max(...pairs.map((pair) => pair[index] ?? 0));
  if (highest(0) > 12) return dayFirst;
  if (highest(1) > 12) return monthFirst;
  if (texts[0]?.includes('.') === true) return dayFirst;
  const kinds = (index: number): number => new Set(pairs.map((pair) => pair[index])).size;
  if (kinds(0) !== kinds(1)) return kinds(0) > kinds(1) ? dayFirst : monthFirst;
  return isMonthFirst || texts.some((text) => /[ap]\.?m?\.?$/i.test(text)) ? monthFirst : dayFirst;
};

const TOKENS: Readonly<Record<string, string>> = {
  yyyy: String.raw`(?<year>\d{4})`,
  yy: String.raw`(?<year>\d{2})`,
  MMM: '(?<monthname>[a-zäûé]{3,9})',
  MM: String.raw`(?<month>\d{2})`,
  M: String.raw`(?<month>\d{1,2})`,
  dd: String.raw`(?<day>\d{2})`,
  d: String.raw`(?<day>\d{1,2})`,
  HH: String.raw`(?<hour>\d{2})`,
  H: String.raw`(?<hour>\d{1,2})`,
  hh: String.raw`(?<hour>\d{1,2})`,
  h: String.raw`(?<hour>\d{1,2})`,
  mm: String.raw`(?<minute>\d{2})`,
  ss: String.raw`(?<second>\d{2}(?:[.,]\d+)?)`,
  a: String.raw`(?<half>[ap])\.?m?\.?`,
  ZZ: '(?<zone>Z|[+-]\\d{2}:?\\d{2})',
};

/** The format of a mapping: `epoch`, `epoch-ms`, `iso`, or such as `dd.MM.yyyy HH:mm`; `null` when it is none. */
export const namedTimeFormat = (text: string): TimeFormat | null => {
  if (text === 'epoch') return epochSeconds;
  if (text === 'epoch-ms') return epochMilliseconds;
  if (text === 'iso') return iso;
  if (!/y/.test(text) || !/d/.test(text)) return null;
  const pattern = text.replace(/yyyy|yy|MMM|MM|M|dd|d|HH|H|hh|h|mm|ss|a|ZZ|[.*+?^${}()|[\]\\]/g, (token) =>
    Object.hasOwn(TOKENS, token) ? (TOKENS[token] ?? '') : `\\${token}`,
  );
  return calendar(text, pattern.replace(/ +/g, ' +'));
};
