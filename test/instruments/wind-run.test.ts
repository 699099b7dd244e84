import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WindRun } from '../../src/instruments/anemometer/anemometer.ts';
import { gustShare } from '../../src/weather/quantities.ts';

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

  it.each([1_000, 2_000, 3_000, 4_000, 5_000, 7_000, 12_000, 60_000])(
    'is the highest 3 s mean in intervals of %i ms too: 5 Hz with a second of 40 Hz',
    (intervalMs) => {
      const pulses = [...steady(5, 0, 24_000), ...steady(40, 24_000, 25_000), ...steady(5, 25_000, 120_000)];
      const run = runOf(pulses, 37);
      const gusts: (number | null)[] = [];
      for (let toMs = intervalMs; toMs <= 120_000; toMs += intervalMs) gusts.push(run.close(toMs).gustHz);

      const known = gusts.filter((gust) => gust !== null);
      expect(Math.max(...known)).toBeCloseTo(50 / 3, 1);
      expect(Math.min(...known)).toBeGreaterThan(4.9);
      // No 3 s mean before 3 s.
      expect(gusts.length - known.length).toBe(Math.ceil(3_037 / intervalMs) - 1);
    },
  );

  it('is not inflated by what happened before the start, nor by the place of the first pulse', () => {
    const run = runOf([...steady(40, 0, 5_000), ...steady(5, 5_000, 17_000)], 5_000);
    for (let atMs = 1_000; atMs < 5_000; atMs += 20) run.addPulse(atMs);

    const { meanHz, gustHz } = run.close(17_000);

    expect(meanHz).toBeCloseTo(5, 6);
    expect(gustHz).toBeCloseTo(5, 6);
  });

  it('takes pulses that arrive late for when they happened', () => {
    const pulses = steady(5, 0, 12_000);
    const run = runOf(pulses.filter((atMs) => atMs < 2_000));
    run.close(6_000);
    for (const atMs of pulses.filter((each) => each >= 2_000)) run.addPulse(atMs);

    const { meanHz, gustHz } = run.close(12_000);

    expect(gustHz).toBeCloseTo(5, 6);
    // Ten pulses and the begun rotation are reported; the last half of the 60 is under way.
    expect(meanHz * 6).toBeCloseTo(60 + 0.5 - 11, 6);
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

  it('has each rotation exactly once in the sum over any intervals, and no gust below its share of the mean', async () => {
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
          if (gustHz !== null) expect(gustHz).toBeGreaterThanOrEqual(meanHz * gustShare(lengthMs));
          rotations += (meanHz * lengthMs) / 1000;
        }
        const pulses = pulsesMs.filter((pulseMs) => pulseMs < atMs).length;
        // How much of the first one belongs to the time before is only known afterwards.
        expect(rotations).toBeGreaterThanOrEqual(pulses - 1 - 1e-6);
        expect(rotations).toBeLessThanOrEqual(pulses + 1 + 1e-6);
      }),
    );
  });
});
