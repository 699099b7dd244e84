import { describe, expect, it } from 'vitest';
import { type FaultReport, problemsOf, reportLines, type StationReport } from './report.ts';
import type { TimedFootprint } from './trend.ts';

const station = (changes: Partial<StationReport> = {}): StationReport => ({
  station: '1',
  delivered: 900,
  duplicates: 3,
  toldInGaps: 2,
  epochs: 1,
  setAside: 2,
  givenUp: 0,
  lost: 0,
  outOfOrder: 0,
  problems: [],
  machineFaults: new Map([
    ['BME280 does not answer', 5],
    ['brown-out of the BME280', 4],
    ['clock stepped by two hours', 4],
  ]),
  noticedClockSteps: 4,
  jobsDone: 7,
  longestMs: 12_345,
  ...changes,
});

const reportOf = (changes: Partial<FaultReport> = {}): FaultReport => ({
  counts: new Map([
    ['cut', 2],
    ['kill -9', 40],
  ]),
  stations: [station(), station({ station: '2', longestMs: 900 })],
  footprints: [],
  ...changes,
});

const leaking: readonly TimedFootprint[] = Array.from({ length: 360 }, (_, index) => ({
  atMs: index * 10_000,
  residentMegabytes: 100 + index,
  handles: 30,
  diskMegabytes: 2,
}));

describe('the report of a fault run', () => {
  it('tells the faults, each station with its sensor faults and clock steps, and all of them together', () => {
    expect(reportLines(reportOf())).toEqual([
      '| fault   | times |',
      '| ------- | ----- |',
      '| kill -9 | 40    |',
      '| cut     | 2     |',
      '| all     | 42    |',
      '',
      '| station | sensor faults | clock steps | steps noticed | jobs done | delivered | set aside | given up | lost | out of order | twice | epochs | longest on the way |',
      '| ------- | ------------- | ----------- | ------------- | --------- | --------- | --------- | -------- | ---- | ------------ | ----- | ------ | ------------------ |',
      '| 1       | 9             | 4           | 4             | 7         | 900       | 2         | 0        | 0    | 0            | 3     | 1      | 12.3 s             |',
      '| 2       | 9             | 4           | 4             | 7         | 900       | 2         | 0        | 0    | 0            | 3     | 1      | 0.9 s              |',
      '| all     | 18            | 8           | 8             | 14        | 1800      | 4         | 0        | 0    | 0            | 6     | 2      | 12.3 s             |',
      '',
      'too short to tell whether memory, handles or disk grow',
    ]);
  });

  it('tells what grows', () => {
    expect(reportLines(reportOf({ footprints: leaking })).slice(-3)).toEqual([
      'resident memory: 189.8 MB, +360.0 (± 0.0) an hour over 0.75 h after the warm-up: GROWS',
      'open handles: 30.0, +0.0 (± 0.0) an hour over 0.75 h after the warm-up: does not grow',
      'store on the disk: 2.0 MB, +0.0 (± 0.0) an hour over 0.75 h after the warm-up: does not grow',
    ]);
  });
});

describe('the problems of a fault run', () => {
  it('are none when all went well', () => {
    expect(problemsOf(reportOf(), true)).toEqual([]);
  });

  it('are those of the stations, growth, and what was not tried', () => {
    const report = reportOf({
      counts: new Map([['cut', 0]]),
      stations: [station({ problems: ['01JX: lost 3'], noticedClockSteps: 0, jobsDone: 0 })],
      footprints: leaking,
    });

    expect(problemsOf(report, true)).toEqual([
      'station 1: 01JX: lost 3',
      'station 1: noticed no clock step',
      'no station did a job',
      'resident memory grows',
      'never injected: cut',
    ]);
    expect(problemsOf(report, false)).not.toContain('never injected: cut');
  });
});
