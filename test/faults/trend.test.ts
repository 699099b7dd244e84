import { describe, expect, it } from 'vitest';
import { type TimedFootprint, trendsOf } from './trend.ts';

const SECONDS = 10;

/** One footprint every ten seconds, with the noise of a process that collects its garbage now and then. */
const hourOf = (of: (hours: number) => Partial<TimedFootprint>, samples = 360): readonly TimedFootprint[] =>
  Array.from({ length: samples }, (_, index) => ({
    atMs: index * SECONDS * 1_000,
    residentMegabytes: 100,
    handles: 30,
    diskMegabytes: 2,
    ...of((index * SECONDS) / 3_600),
  }));

const growing = (footprints: readonly TimedFootprint[]): readonly string[] =>
  trendsOf(footprints)
    .filter(({ grows }) => grows)
    .map(({ quantity }) => quantity);

describe('the trend of a process', () => {
  it('is told of nothing before there is enough after the warm-up', () => {
    expect(trendsOf([])).toEqual([]);
    expect(trendsOf(hourOf(() => ({}), 49))).toEqual([]);
    expect(trendsOf(hourOf(() => ({}), 50))).toHaveLength(3);
  });

  it('finds a leak of memory under the noise of garbage collection', () => {
    const leak = hourOf((hours) => ({ residentMegabytes: 100 + 40 * hours + 10 * ((hours * 97) % 1) }));
    const [memory] = trendsOf(leak);

    expect(memory?.perHour).toBeCloseTo(40, 0);
    expect(memory?.uncertaintyPerHour).toBeLessThan(5);
    expect(memory?.hours).toBeCloseTo(0.747, 2);
    expect(growing(leak)).toEqual(['resident memory']);
  });

  it('does not call noise a leak, nor growth that ends with the warm-up', () => {
    expect(growing(hourOf((hours) => ({ residentMegabytes: 100 + 30 * ((hours * 97) % 1) })))).toEqual([]);
    expect(growing(hourOf((hours) => ({ residentMegabytes: 60 + Math.min(40, hours * 200) })))).toEqual([]);
  });

  it('finds handles that are not closed and a disk that fills', () => {
    expect(growing(hourOf((hours) => ({ handles: 30 + Math.floor(12 * hours) })))).toEqual(['open handles']);
    expect(growing(hourOf((hours) => ({ diskMegabytes: 2 + 20 * hours })))).toEqual(['store on the disk']);
  });

  it('grants LevelDB a log and a table before it compacts', () => {
    expect(growing(hourOf((hours) => ({ diskMegabytes: 2 + ((hours * 24) % 6) })))).toEqual([]);
  });
});
