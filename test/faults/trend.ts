import type { Footprint } from './process-footprint.ts';

export type TimedFootprint = Footprint & { readonly atMs: number };

/** A straight line through what was measured. */
export type Trend = {
  readonly quantity: string;
  readonly unit: string;
  /** On the line, at its beginning. */
  readonly level: number;
  readonly perHour: number;
  /** Two standard errors of the slope. */
  readonly uncertaintyPerHour: number;
  readonly hours: number;
  readonly grows: boolean;
};

/** Node grows its heap and LevelDB its caches for a while after every start. */
const WARM_UP_MS = 300_000;
const WARM_UP_SHARE = 0.25;
const ENOUGH_SAMPLES = 20;
const MS_PER_HOUR = 3_600_000;

type Quantity = {
  readonly name: string;
  readonly unit: string;
  readonly of: (footprint: Footprint) => number;
  /** What it may gain without being called a leak, beside a share of its level. */
  readonly slack: number;
};
const SLACK_SHARE = 0.1;

const quantities: readonly Quantity[] = [
  { name: 'resident memory', unit: 'MB', of: ({ residentMegabytes }) => residentMegabytes, slack: 4 },
  { name: 'open handles', unit: '', of: ({ handles }) => handles, slack: 2 },
  // LevelDB's log and a table, before it compacts.
  { name: 'store on the disk', unit: 'MB', of: ({ diskMegabytes }) => diskMegabytes, slack: 8 },
];

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const lineThrough = (hours: readonly number[], values: readonly number[]) => {
  const [meanHour, meanValue] = [mean(hours), mean(values)];
  const spread = hours.reduce((sum, hour) => sum + (hour - meanHour) ** 2, 0);
  const perHour =
    hours.reduce((sum, hour, index) => sum + (hour - meanHour) * ((values[index] ?? 0) - meanValue), 0) /
    spread;
  const level = meanValue - perHour * meanHour;
  const squares = hours.reduce(
    (sum, hour, index) => sum + ((values[index] ?? 0) - level - perHour * hour) ** 2,
    0,
  );
  return { level, perHour, uncertaintyPerHour: 2 * Math.sqrt(squares / (hours.length - 2) / spread) };
};

/** Of what was measured after the warm-up; empty when that is too little to tell anything. */
export const trendsOf = (footprints: readonly TimedFootprint[]): readonly Trend[] => {
  const [first, last] = [footprints[0], footprints.at(-1)];
  if (first === undefined || last === undefined) return [];
  const warmMs = first.atMs + Math.max(WARM_UP_MS, (last.atMs - first.atMs) * WARM_UP_SHARE);
  const warm = footprints.filter(({ atMs }) => atMs >= warmMs);
  if (warm.length < ENOUGH_SAMPLES) return [];
  const times = warm.map(({ atMs }) => (atMs - warmMs) / MS_PER_HOUR);
  const hours = times.at(-1) ?? 0;
  return quantities.map(({ name, unit, of, slack }) => {
    const line = lineThrough(times, warm.map(of));
    const surelyGained = (line.perHour - line.uncertaintyPerHour) * hours;
    return {
      quantity: name,
      unit,
      ...line,
      hours,
      grows: surelyGained > line.level * SLACK_SHARE + slack,
    };
  });
};
