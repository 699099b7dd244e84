import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WindRun } from '../../src/instruments/anemometer/wind-run.ts';

const steady = (hz: number, fromMs: number, toMs: number): number[] => {
  const pulses: number[] = [];
  for (let atMs = fromMs + 500 / hz; atMs < toMs; atMs += 1000 / hz) pulses.push(atMs);
  return pulses;
};

const runOf = (pulsesMs: readonly number[], startMs = 0): WindRun => {
  const run = new WindRun(startMs);
  for (const atMs of pulsesMs) run.addPulse(atMs);
  return run;
};

describe('the run of the wind', () => {
  it.each([0.4, 1, 3.7, 20, 100])('has the mean of a steady %f Hz, not cut to whole pulses', (hz) => {
    const run = runOf(steady(hz, 0, 36_000));
    run.close(12_000);

    const { meanHz, gustHz } = run.close(24_000);

    expect(meanHz).toBeCloseTo(hz, 6);
    expect(gustHz).toBeCloseTo(hz, 6);
  });

  it('is nothing without pulses', () => {
    expect(runOf([]).close(12_000)).toEqual({ meanHz: 0, gustHz: 0 });
  });

  it('finds the gust of 3 s wherever it is in the interval', () => {
    const run = runOf([...steady(2, 0, 4_200), ...steady(10, 4_200, 7_200), ...steady(2, 7_200, 12_000)]);

    const { meanHz, gustHz } = run.close(12_000);

    expect(gustHz).toBeGreaterThan(9.5);
    expect(gustHz).toBeLessThanOrEqual(10.001);
    expect(meanHz).toBeCloseTo((2 * 9 + 10 * 3) / 12, 1);
  });

  it('finds a gust that began in the interval before', () => {
    const run = runOf([...steady(2, 0, 10_500), ...steady(10, 10_500, 13_500), ...steady(2, 13_500, 24_000)]);

    const first = run.close(12_000);
    const second = run.close(24_000);

    expect(first.gustHz).toBeLessThan(7);
    expect(second.gustHz).toBeGreaterThan(9.5);
  });

  it('has a 3 s gust also in intervals of 1 s', () => {
    const run = runOf(steady(10, 2_000, 4_000));
    const gusts = Array.from({ length: 8 }, (_, index) => run.close((index + 1) * 1_000).gustHz);

    expect(gusts[4]).toBeCloseTo((10 * 2) / 3, 0);
    expect((gusts[7] ?? 1) * 3).toBeLessThanOrEqual(1);
  });

  it('takes no shorter burst than 3 s for a gust', () => {
    const run = runOf(steady(30, 5_000, 6_000));

    expect(run.close(12_000).gustHz).toBeCloseTo(10, 0);
  });

  it('says of wind that died down no more than its last rotation', () => {
    const run = runOf(steady(5, 0, 6_000));
    run.close(6_000);

    expect(run.close(18_000).meanHz * 12).toBeLessThanOrEqual(1);
    expect(run.close(30_000).meanHz).toBe(0);
  });

  it('counts a pulse that arrives after its interval was closed, in the next', () => {
    const run = runOf([1_000, 2_000, 3_000]);
    run.close(4_000);
    run.addPulse(3_990);
    run.addPulse(5_000);

    expect(run.close(8_000).meanHz * 4).toBeCloseTo(5 + 1 - 4, 6);
  });

  it('leaves a pulse for the interval it is in, however early it arrives', () => {
    const run = runOf([3_000]);

    expect([run.close(2_000).meanHz, run.close(4_000).meanHz * 2]).toEqual([0, 1]);
  });

  it('has each rotation exactly once in the sum over any intervals, and no gust below its mean', async () => {
    const gapsMs = fc.array(fc.integer({ min: 4, max: 5_000 }), { maxLength: 200 });
    const lengthsMs = fc.array(fc.integer({ min: 1_000, max: 20_000 }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.property(gapsMs, lengthsMs, (gaps, lengths) => {
        const pulsesMs = gaps.map((_, index) => gaps.slice(0, index + 1).reduce((sum, gap) => sum + gap, 0));
        const run = runOf(pulsesMs);
        let atMs = 0;
        let rotations = 0;
        for (const lengthMs of lengths) {
          atMs += lengthMs;
          const { meanHz, gustHz } = run.close(atMs);
          expect(meanHz).toBeGreaterThanOrEqual(0);
          expect(gustHz).toBeGreaterThanOrEqual(meanHz);
          rotations += (meanHz * lengthMs) / 1000;
        }
        const pulses = pulsesMs.filter((pulseMs) => pulseMs < atMs).length;
        expect(rotations).toBeGreaterThanOrEqual(pulses - 1e-6);
        expect(rotations).toBeLessThanOrEqual(pulses + 1 + 1e-6);
      }),
    );
  });
});
