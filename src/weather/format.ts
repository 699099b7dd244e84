/** Control characters other than tab and line feed, which a terminal would obey. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text from a file, a network or another program, made safe for a terminal: `\u001b` for ESC. */
export const printable = (text: string): string =>
  text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The same for every text of a JSON value. */
export const printableValue = (value: unknown): unknown => {
  if (typeof value === 'string') return printable(value);
  if (Array.isArray(value)) return value.map(printableValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [printable(key), printableValue(each)]),
  );
};

/** Every byte of JSON output that a terminal would obey is written as an escape that means the same. */
export const printableJson = (value: unknown, indent?: number): string =>
  printable(JSON.stringify(value, null, indent));

/** The value of a text in JSON, `undefined` for any other text. */
export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** What was thrown, in words: never none. A host of several addresses fails with an error for each, and no message of its own. */
export const formatError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== '') return error.message;
  return error instanceof AggregateError && error.errors.length > 0
    ? formatError(error.errors[0])
    : errorCode(error) || error.name;
};

/** The code that Node.js or a package gave an error, such as `ENOENT`; empty for an error without one. */
export const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : '';

export const NOTHING = '–';

/** With a true minus sign, or a dash for what is not known. Counts are grouped; 1009.3 hPa is how people read it. */
export const formatNumber = (value: number | null | undefined, decimals = 0): string =>
  value === null || value === undefined
    ? NOTHING
    : new Intl.NumberFormat('en-GB', {
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
        useGrouping: decimals === 0,
      })
        .format(value)
        .replace(/^-/, '−')
        .replace(/^−(0(?:\.0+)?)$/, '$1');

export const formatWithUnit = (value: number | null | undefined, unit: string, decimals = 1): string =>
  value === null || value === undefined ? NOTHING : `${formatNumber(value, decimals)} ${unit}`;

const signs = { falling: '↘', steady: '→', rising: '↗' } as const;

/** A change with its sign and an arrow; less than half the last digit is steady. */
export const formatChange = (value: number | null | undefined, unit: string, decimals = 1): string => {
  if (value === null || value === undefined) return NOTHING;
  const least = 0.5 / 10 ** decimals;
  const tendency = Math.abs(value) < least ? 'steady' : value > 0 ? 'rising' : 'falling';
  return `${signs[tendency]} ${value >= least ? '+' : ''}${formatNumber(value, decimals)} ${unit}`;
};

/** From north, clockwise. */
export const compassPoints = 'N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW'.split(' ');

/** The nearest of sixteen points of the compass. */
export const compassPoint = (degrees: number): string => compassPoints[Math.round(degrees / 22.5) % 16] ?? '';

export const BYTES_PER_MEGABYTE = 1_000_000;

export const formatBytes = (bytes: number): string =>
  bytes < BYTES_PER_MEGABYTE
    ? `${formatNumber(bytes / 1000)} kB`
    : `${formatNumber(bytes / BYTES_PER_MEGABYTE, bytes < 10 * BYTES_PER_MEGABYTE ? 1 : 0)} MB`;

/** Reasons that say nothing by their name. */
const reasonTexts: Readonly<Record<string, string>> = { gust: 'contradicts the mean', missing: 'not found' };

/** `suspect:dew-point` for a person: `suspect: dew point`. */
export const formatFlag = (flag: string): string => {
  const [verdict = '', ...reasons] = flag.split(':');
  const texts = reasons.map((reason) => reasonTexts[reason] ?? reason.replaceAll('-', ' '));
  return texts.length === 0 ? verdict : `${verdict}: ${texts.join(' ')}`;
};

const units = [
  { name: 'd', seconds: 86_400 },
  { name: 'h', seconds: 3_600 },
  { name: 'min', seconds: 60 },
  { name: 's', seconds: 1 },
] as const;

/** For people, in its two largest units: `2 d 3 h`, `4 min`, `12 s`. */
export const formatDuration = (seconds: number): string => {
  const wholeSeconds = Math.max(0, Math.round(seconds));
  const largest = units.findIndex((unit) => wholeSeconds >= unit.seconds);
  const [first, second] = units.slice(Math.max(0, largest === -1 ? units.length - 1 : largest));
  if (first === undefined) return '0 s';
  const rest = second === undefined ? 0 : Math.floor((wholeSeconds % first.seconds) / second.seconds);
  const head = `${Math.floor(wholeSeconds / first.seconds)} ${first.name}`;
  return rest === 0 || second === undefined ? head : `${head} ${rest} ${second.name}`;
};
