import { machineTrouble } from './machine-trouble.ts';
import { type TimedFootprint, type Trend, trendsOf } from './trend.ts';
import type { Verdict } from './verdict.ts';

export type StationReport = Verdict & {
  /** Of the scenario, by name. */
  readonly machineFaults: ReadonlyMap<string, number>;
  readonly noticedClockSteps: number;
  /** Jobs of AWS IoT that ended, one way or another. */
  readonly jobsDone: number;
  /** The longest that a reading took, at most, from the outbox to a broker. */
  readonly longestMs: number;
};

export type FaultReport = {
  /** By name; 0 for a kind that was never injected. */
  readonly counts: ReadonlyMap<string, number>;
  readonly stations: readonly StationReport[];
  /** Of the first station, which is never killed. */
  readonly footprints: readonly TimedFootprint[];
};

const tableOf = (rows: readonly (readonly string[])[]): readonly string[] => {
  const columns = rows[0]?.length ?? 0;
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[], filler = ' '): string =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width, filler)).join(' | ')} |`;
  const [head = '', ...body] = rows.map((row) => line(row));
  return [head, line([], '-'), ...body];
};

const countOf = (station: StationReport, kind: 'sensor fault' | 'clock step'): number => {
  const names = new Set(machineTrouble.filter((trouble) => trouble.kind === kind).map(({ name }) => name));
  return [...names].reduce((sum, name) => sum + (station.machineFaults.get(name) ?? 0), 0);
};

const columns: readonly (readonly [title: string, of: (station: StationReport) => number])[] = [
  ['sensor faults', (station) => countOf(station, 'sensor fault')],
  ['clock steps', (station) => countOf(station, 'clock step')],
  ['steps noticed', ({ noticedClockSteps }) => noticedClockSteps],
  ['jobs done', ({ jobsDone }) => jobsDone],
  ['delivered', ({ delivered }) => delivered],
  ['set aside', ({ setAside }) => setAside],
  ['given up', ({ givenUp }) => givenUp],
  ['lost', ({ lost }) => lost],
  ['out of order', ({ outOfOrder }) => outOfOrder],
  ['twice', ({ duplicates }) => duplicates],
  ['epochs', ({ epochs }) => epochs],
];

const stationsTable = (stations: readonly StationReport[]): readonly string[] => {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  const sum = (of: (station: StationReport) => number): number =>
    stations.reduce((total, station) => total + of(station), 0);
  return tableOf([
    ['station', ...columns.map(([title]) => title), 'longest on the way'],
    ...stations.map((station) => [
      station.station,
      ...columns.map(([, of]) => `${of(station)}`),
      seconds(station.longestMs),
    ]),
    [
      'all',
      ...columns.map(([, of]) => `${sum(of)}`),
      seconds(Math.max(0, ...stations.map(({ longestMs }) => longestMs))),
    ],
  ]);
};

const trendLine = ({ quantity, unit, level, perHour, uncertaintyPerHour, hours, grows }: Trend): string =>
  `${quantity}: ${level.toFixed(1)} ${unit}`.trimEnd() +
  `, ${perHour >= 0 ? '+' : ''}${perHour.toFixed(1)} (± ${uncertaintyPerHour.toFixed(1)}) an hour ` +
  `over ${hours.toFixed(2)} h after the warm-up: ${grows ? 'GROWS' : 'does not grow'}`;

/** What was injected and what became of it, as Markdown tables, and what happened to the process meanwhile. */
export const reportLines = ({ counts, stations, footprints }: FaultReport): readonly string[] => {
  const sorted = [...counts].sort(([, left], [, right]) => right - left);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const trends = trendsOf(footprints);
  return [
    ...tableOf([
      ['fault', 'times'],
      ...sorted.map(([name, count]) => [name, `${count}`]),
      ['all', `${total}`],
    ]),
    '',
    ...stationsTable(stations),
    '',
    ...(trends.length > 0
      ? trends.map(trendLine)
      : ['too short to tell whether memory, handles or disk grow']),
  ];
};

/** Empty when nothing is wrong. `isComplete`: every kind of fault should have come up. */
export const problemsOf = (
  { counts, stations, footprints }: FaultReport,
  isComplete: boolean,
): readonly string[] => [
  ...stations.flatMap(({ station, problems }) => problems.map((problem) => `station ${station}: ${problem}`)),
  ...stations
    .filter((station) => countOf(station, 'clock step') > 1 && station.noticedClockSteps === 0)
    .map(({ station }) => `station ${station}: noticed no clock step`),
  ...(isComplete && stations.every(({ jobsDone }) => jobsDone === 0) ? ['no station did a job'] : []),
  ...trendsOf(footprints)
    .filter(({ grows }) => grows)
    .map(({ quantity }) => `${quantity} grows`),
  ...[...counts].filter(([, count]) => isComplete && count === 0).map(([name]) => `never injected: ${name}`),
];
