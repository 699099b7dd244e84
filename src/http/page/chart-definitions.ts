import type { HistorySeries } from '../../history/series.ts';
import { converted, type DisplayUnit, displayUnit, type UnitSystem } from '../../weather/display-units.ts';
import { compassPoint, formatFlag, formatNumber, NOTHING } from '../../weather/format.ts';
import {
  isOptional,
  type Quantity,
  type QuantityChart,
  type QuantityRecord,
  type QuantityTable,
  quantitiesOf,
  type StandardQuantity,
} from '../../weather/quantities.ts';

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
  /** Ends of the axis that are always in sight; `span`: least distance between the ends. */
  readonly range: { readonly min?: number; readonly max?: number; readonly span: number };
  readonly ticks?: readonly number[];
  /** To be seen only where something measured it. */
  readonly isOptional: boolean;
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

/** The charts of the standard quantities from above; each optional one has its own after them. */
const standardCharts: readonly (readonly StandardQuantity[])[] = [
  ['temperature'],
  ['humidity'],
  ['windintensity', 'windgust'],
  ['winddirection'],
  ['rainheight'],
  ['pressure'],
];

/** Colours of styles/colours.css for quantities that have none of their own. */
const palette = ['--optional-1', '--optional-2', '--optional-3', '--optional-4'];

type Charted = {
  readonly quantity: Quantity;
  readonly record: QuantityRecord;
  readonly chart: QuantityChart;
};

export const chartColour = (quantity: Quantity, table: QuantityTable): string => {
  const optional = quantitiesOf(table).filter((each) => isOptional(table[each]));
  const turn = Math.max(0, optional.indexOf(quantity)) % palette.length;
  return table[quantity].chart?.colour ?? palette[turn] ?? '';
};

const lineOf = (
  { quantity, record, chart }: Charted,
  table: QuantityTable,
  display: DisplayUnit,
): LineDefinition => ({
  quantity,
  name: chart.line ?? record.name.toLowerCase(),
  colour: chartColour(quantity, table),
  style: chart.style,
  of: (values) => {
    const column = (values[quantity] ?? []).map((value) =>
      value === null ? null : converted(value, display),
    );
    return record.combine === 'sum' ? accumulated(column) : column;
  },
});

const definitionOf = (
  quantities: readonly Quantity[],
  table: QuantityTable,
  units: UnitSystem,
): ChartDefinition[] => {
  const charted = quantities.flatMap((quantity): Charted[] => {
    const record = table[quantity];
    return record.chart === undefined ? [] : [{ quantity, record, chart: record.chart }];
  });
  const [first, ...others] = charted;
  if (first === undefined) return [];
  const { record, chart } = first;
  const display = displayUnit(units, record.unit);
  const unit = display.unit === record.unit ? (chart.unit ?? record.unit) : display.unit;
  const text = (value: number): string =>
    formatNumber(value, (chart.decimals ?? record.shownDecimals) + display.moreDecimals);
  return [
    {
      title: chart.title,
      unit,
      lines: [lineOf(first, table, display), ...others.map((other) => lineOf(other, table, display))],
      text,
      range: rangeIn(chart, display),
      isOptional: isOptional(record),
      ...(record.combine === 'sum'
        ? { summary: (_lowest: number, highest: number) => `${text(highest)} ${unit} in all` }
        : {}),
      ...(record.combine === 'direction' ? compass : {}),
    },
  ];
};

/** From north to north says nothing of a wind, so a summary is empty. */
const compass = {
  unit: '',
  text: compassPoint,
  summary: () => '',
  ticks: [0, 90, 180, 270, 360],
};

const rangeIn = ({ min, max, span }: QuantityChart, display: DisplayUnit): ChartDefinition['range'] => ({
  ...(min === undefined ? {} : { min: converted(min, display) }),
  ...(max === undefined ? {} : { max: converted(max, display) }),
  span: span * display.factor,
});

/** Those of quantities that a table has a chart for. */
export const chartDefinitionsOf = (
  table: QuantityTable,
  units: UnitSystem = 'metric',
): readonly ChartDefinition[] => {
  const optional = quantitiesOf(table).filter((quantity) => isOptional(table[quantity]));
  return [...standardCharts, ...optional.map((quantity) => [quantity])].flatMap((quantities) =>
    definitionOf(quantities, table, units),
  );
};

/** Whether the chart is to be seen: one of an optional quantity is only where something measured it. */
export const isCharted = ({ lines }: ChartDefinition, { values }: Pick<HistorySeries, 'values'>): boolean =>
  lines.some(({ quantity }) => values[quantity] !== undefined);

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
  { min, max, span }: ChartDefinition['range'],
  lowest: number | null,
  highest: number | null,
): [number, number] => {
  const from = min ?? lowest ?? 0;
  const to = max ?? highest ?? from;
  const missing = Math.max(0, span - (to - from));
  const margin = Math.max((to - from) * 0.1, missing / 2);
  return [min ?? from - margin, max ?? to + (min === undefined ? margin : Math.max(missing, margin))];
};

const DAY_SECONDS = 86_400;

const clockTime = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const dayName = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric' });

/** The labels of a time axis, in the viewer's own time: days where they are a day or more apart. */
export const timeLabels = (seconds: number[]): string[] => {
  const [first = 0, second = 0] = seconds;
  return seconds.map((each) => (second - first >= DAY_SECONDS ? dayName : clockTime).format(each * 1000));
};

const moment = new Intl.DateTimeFormat(undefined, {
  weekday: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

/** What a chart spans, in words. */
export const extremesText = (
  { lines, text, unit, summary }: ChartDefinition,
  { values }: HistorySeries,
): string => {
  const known = lines.flatMap(({ of }) => of(values).filter((value) => value !== null));
  if (known.length === 0) return 'nothing measured';
  const [lowest, highest] = [Math.min(...known), Math.max(...known)];
  if (summary !== undefined) return summary(lowest, highest);
  const [from, to] = [text(lowest), text(highest)];
  return from === to ? `${to} ${unit}` : `${from} to ${to} ${unit}`;
};

/** The time and values of one row, and what is the matter with them. */
export const rowText = (
  { lines, text, unit }: ChartDefinition,
  { time, values, flags }: HistorySeries,
  row: number,
): string => {
  const words = lines.map(({ name, of }) => {
    const value = of(values)[row] ?? null;
    const quantity = value === null ? NOTHING : `${text(value)} ${unit}`.trim();
    return lines.length === 1 ? quantity : `${name} ${quantity}`;
  });
  const flagged = flags
    .filter((flag) => flag.row === row && lines.some(({ quantity }) => quantity === flag.quantity))
    .map(({ flag }) => ` (${formatFlag(flag)})`);
  return `${moment.format((time[row] ?? 0) * 1000)}  ${words.join(', ')}${flagged.join('')}`;
};

const SECTORS = 16;
export const SECTOR_DEGREES = 360 / SECTORS;

/** How often the wind came from each sector, as shares of the most frequent one. */
export const sectorShares = (directions: readonly (number | null)[]): number[] => {
  const counts = Array.from({ length: SECTORS }, () => 0);
  for (const degrees of directions) {
    if (degrees === null) continue;
    const sector = Math.round(degrees / SECTOR_DEGREES) % SECTORS;
    counts[sector] = (counts[sector] ?? 0) + 1;
  }
  const most = Math.max(...counts);
  return counts.map((count) => (most === 0 ? 0 : count / most));
};
