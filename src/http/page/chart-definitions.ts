import type { HistorySeries } from '../../history/series.ts';
import { compassPoint, formatNumber } from '../../weather/format.ts';
import type { Quantity } from '../../weather/reading.ts';

type Column = readonly (number | null)[];

export type LineDefinition = {
  readonly quantity: Quantity;
  readonly name: string;
  /** Custom property of styles/colours.css. */
  readonly colour: string;
  readonly style: 'area' | 'line' | 'points' | 'steps';
  readonly of: (values: HistorySeries['values']) => Column;
};

export type ChartDefinition = {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly [LineDefinition, ...LineDefinition[]];
  readonly text: (value: number) => string;
  /** Of everything that is to be seen; from the least to the highest value without. */
  readonly summary?: (lowest: number, highest: number) => string;
  /** Least and most that is always in sight; `least`: how far apart the ends are at least. */
  readonly range: { readonly min?: number; readonly max?: number; readonly least: number };
  readonly ticks?: readonly number[];
};

/** Rain added up over the span: a bucket's tips alone are a row of needles. */
const accumulated = (column: Column): Column => {
  let sum = 0;
  return column.map((value) => {
    if (value === null) return null;
    sum += value;
    return sum;
  });
};

const line = (
  quantity: Quantity,
  name: string,
  options: Pick<LineDefinition, 'colour' | 'style'>,
): LineDefinition => ({ quantity, name, ...options, of: (values) => values[quantity] });

const decimal = (value: number): string => formatNumber(value, 1);

export const chartDefinitions: readonly ChartDefinition[] = [
  {
    title: 'Temperature',
    unit: '°C',
    lines: [line('temperature', 'temperature', { colour: '--temperature', style: 'area' })],
    text: decimal,
    range: { least: 2 },
  },
  {
    title: 'Humidity',
    unit: '%',
    lines: [line('humidity', 'humidity', { colour: '--humidity', style: 'area' })],
    text: (value) => formatNumber(value),
    range: { least: 10 },
  },
  {
    title: 'Wind and gusts',
    unit: 'km/h',
    lines: [
      line('windintensity', 'mean', { colour: '--wind', style: 'area' }),
      line('windgust', 'gust', { colour: '--gust', style: 'line' }),
    ],
    text: decimal,
    range: { min: 0, least: 10 },
  },
  {
    title: 'Wind direction',
    unit: '',
    lines: [line('winddirection', 'from', { colour: '--wind', style: 'points' })],
    text: (value) => compassPoint(value),
    // From north to north says nothing of a wind.
    summary: () => '',
    range: { min: 0, max: 360, least: 360 },
    ticks: [0, 90, 180, 270, 360],
  },
  {
    title: 'Rain, added up',
    unit: 'mm',
    summary: (_lowest, highest) => `${decimal(highest)} mm in all`,
    lines: [
      {
        quantity: 'rainheight',
        name: 'rain',
        colour: '--rain',
        style: 'steps',
        of: ({ rainheight }) => accumulated(rainheight),
      },
    ],
    text: decimal,
    range: { min: 0, least: 2 },
  },
  {
    title: 'Pressure',
    unit: 'hPa',
    lines: [line('pressure', 'pressure', { colour: '--pressure', style: 'area' })],
    text: decimal,
    range: { least: 4 },
  },
];

/** Shorter than this no chart of a new station is. */
const SHORTEST_SECONDS = 300;

/** Where the horizontal axis begins: with the span, or with the first reading of a station that is younger than it. */
export const fromSeconds = (
  { hasEarlier, time }: Pick<HistorySeries, 'hasEarlier' | 'time'>,
  { untilSeconds, minutes }: { readonly untilSeconds: number; readonly minutes: number },
): number => {
  const spanFrom = untilSeconds - minutes * 60;
  const [first] = time;
  if (hasEarlier || first === undefined) return spanFrom;
  return Math.max(spanFrom, Math.min(first, untilSeconds - SHORTEST_SECONDS));
};

/** The rows whose value stands between two that have none. */
export const lonely = (column: ArrayLike<number | null | undefined>): number[] =>
  Array.from(column).flatMap((value, row) => {
    const isLonely = value != null && column[row - 1] == null && column[row + 1] == null;
    return isLonely ? [row] : [];
  });

/** The ends of the vertical axis for what is to be seen. */
export const verticalRange = (
  { min, max, least }: ChartDefinition['range'],
  lowest: number | null,
  highest: number | null,
): [number, number] => {
  const from = min ?? lowest ?? 0;
  const to = max ?? highest ?? from;
  const missing = Math.max(0, least - (to - from));
  const margin = Math.max((to - from) * 0.1, missing / 2);
  return [min ?? from - margin, max ?? to + (min === undefined ? margin : Math.max(missing, margin))];
};
