import { describe, expect, it } from 'vitest';
import { alone, atLeast, atMost, beside, percentile } from './figure.ts';
import { plotOf } from './plot.ts';
import { tableOf } from './results.ts';

const compared = beside({
  name: 'appends',
  unit: 'readings/s',
  ours: [100, 300, 200],
  other: { name: 'raw', values: [200, 200, 200] },
  goal: (ratio) => atLeast('ratio', ratio, 0.9),
});
const start = alone({ name: 'start', unit: 'ms', ours: 1_234, goal: atMost('ms', 1_234, 2_000) });

describe('a figure', () => {
  it('is the median of the rounds, and its ratio the median of the ratios within each round', () => {
    expect(compared).toEqual({
      name: 'appends',
      unit: 'readings/s',
      ours: 200,
      other: { name: 'raw', value: 200 },
      ratio: { median: 1, lowest: 0.5, highest: 1.5, rounds: 3 },
      goal: { text: 'ratio at least 0.9', isReached: true },
    });
  });

  it('pairs the rounds, so that a slow machine is no advantage to anybody', () => {
    const { ratio } = beside({
      ...{ name: 'x', unit: 's', ours: [1, 10, 100] },
      other: { name: 'y', values: [2, 20, 200] },
    });

    expect(ratio).toEqual({ median: 0.5, lowest: 0.5, highest: 0.5, rounds: 3 });
  });

  it('has no ratio to nothing, and then reaches no goal', () => {
    const { ratio, goal } = beside({
      ...{ name: 'lost', unit: 'readings', ours: [0] },
      other: { name: 'peer', values: [0] },
      goal: (value) => atLeast('ratio', value, 1),
    });

    expect(ratio).toBeNull();
    expect(goal?.isReached).toBe(false);
  });

  it('of a share is the nearest rank', () => {
    const values = Array.from({ length: 200 }, (_, index) => 200 - index);

    expect([percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([
      100, 198, 200,
    ]);
  });
});

describe('the table of figures', () => {
  it('says what a goal was and whether it was reached', () => {
    const missed = alone({
      name: 'drain',
      unit: 'readings/s',
      ours: 1_844,
      goal: atLeast('readings/s', 1_844, 2_000),
    });
    const result = { bench: 'b', date: '2026-11-26', machine: 'm', loadAverage: 0.5 };

    expect(tableOf([{ ...result, figures: [compared, start, missed] }]).split('\n')).toEqual([
      '| what    | ours             | beside    | ratio          | goal                             |',
      '| ------- | ---------------- | --------- | -------------- | -------------------------------- |',
      '| appends | 200 readings/s   | 200 (raw) | 1 (0.5 to 1.5) | ratio at least 0.9: yes          |',
      '| start   | 1,234 ms         |           |                | ms at most 2000: yes             |',
      '| drain   | 1,844 readings/s |           |                | readings/s at least 2000: **no** |',
    ]);
  });
});

describe('the plot of figures', () => {
  const classesOf = (svg: string): readonly (string | undefined)[] =>
    [...svg.matchAll(/<rect class="(\w+)"/g)].map(([, name]) => name);

  it('has a bar for each ratio and none for a number that stands alone', () => {
    const svg = plotOf([compared, start]);

    expect(classesOf(svg)).toEqual(['better']);
    expect(svg).toContain('appends / raw');
  });

  it('takes more for better where it is a rate, and less where it is not', () => {
    const twiceAs = (unit: string) =>
      beside({ name: 'x', unit, ours: [2], other: { name: 'y', values: [1] } });

    expect(classesOf(plotOf([twiceAs('readings/s'), twiceAs('MB'), twiceAs('s')]))).toEqual([
      'better',
      'worse',
      'worse',
    ]);
  });
});
