export const NOTHING = '–';

/** With a true minus sign, or a dash for what is not known. Counts are grouped; 1009.3 hPa is how people read it. */
export const numberText = (value: number | null | undefined, decimals = 0): string =>
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

export const withUnit = (value: number | null | undefined, unit: string, decimals = 1): string =>
  value === null || value === undefined ? NOTHING : `${numberText(value, decimals)} ${unit}`;

const signs = { falling: '↘', steady: '→', rising: '↗' } as const;

/** A change with its sign and an arrow; less than half the last digit is steady. */
export const changeText = (value: number | null | undefined, unit: string): string => {
  if (value === null || value === undefined) return NOTHING;
  const tendency = Math.abs(value) < 0.05 ? 'steady' : value > 0 ? 'rising' : 'falling';
  return `${signs[tendency]} ${value >= 0.05 ? '+' : ''}${numberText(value, 1)} ${unit}`;
};

const points = 'N NNE NE ENE E ESE SE SSE S SSW SW WSW W WNW NW NNW'.split(' ');

/** The nearest of sixteen points of the compass. */
export const compassPoint = (degrees: number): string => points[Math.round(degrees / 22.5) % 16] ?? '';

const megabyte = 1_000_000;

export const bytesText = (bytes: number): string =>
  bytes < megabyte
    ? `${numberText(bytes / 1000)} kB`
    : `${numberText(bytes / megabyte, bytes < 10 * megabyte ? 1 : 0)} MB`;

/** Reasons that say nothing by their name. */
const reasonTexts: Readonly<Record<string, string>> = { gust: 'contradicts the mean' };

/** `suspect:dew-point` for a person: `suspect: dew point`. */
export const flagText = (flag: string): string => {
  const [verdict = '', ...reasons] = flag.split(':');
  const texts = reasons.map((reason) => reasonTexts[reason] ?? reason.replaceAll('-', ' '));
  return texts.length === 0 ? verdict : `${verdict}: ${texts.join(' ')}`;
};
