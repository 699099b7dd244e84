import { describe, expect, it } from 'vitest';
import { anemometer, openAnemometer } from '../../src/instruments/anemometer/anemometer.ts';
import type { Measured } from '../../src/instruments/instrument.ts';

const open = (part: object = {}) => {
  const config = anemometer.schema.parse({ gpio: 5, ...part });
  const { contact, measure, measureInterim } = openAnemometer(config);
  return {
    noteEdge: (atMs: number, level: 0 | 1 = 0) => contact?.noteEdge(atMs, level),
    restart: (atMs: number) => contact?.restart?.(atMs),
    measure: async (atMs: number): Promise<Measured['values']> =>
      (await measure({ atMs, lengthMs: 12_000 })).values,
    interim: (atMs: number) => measureInterim?.({ atMs, lengthMs: 12_000 }).values,
    /** Throws at once, as any measurement of a contact. */
    fail: (atMs: number) => () => measure({ atMs, lengthMs: 12_000 }),
  };
};

describe('the anemometer', () => {
  /** SparkFun SEN-15901: one closure a second is 2.4 km/h; 100 Hz are its 240 km/h at most. */
  it.each([
    [1, 2.4],
    [25, 60],
    [100, 240],
  ])('turns %i Hz into %f km/h', async (hz, kmh) => {
    const cups = open();
    cups.restart(0);
    for (let pulse = 0; pulse < 24 * hz; pulse += 1) cups.noteEdge((pulse * 1000) / hz);
    await cups.measure(12_000);

    const { windintensity, windgust } = await cups.measure(24_000);

    expect(windintensity).toBeCloseTo(kmh, 6);
    expect(windgust).toBeCloseTo(kmh, 6);
  });

  it('adds the offset of its line to cups that turn, and nothing to cups that stand', async () => {
    const cups = open({ kmhPerHz: 2.5, offsetKmh: 1.2 });
    cups.restart(0);
    for (let atMs = 0; atMs < 24_000; atMs += 500) cups.noteEdge(atMs);
    await cups.measure(12_000);

    const turning = await cups.measure(24_000);
    await cups.measure(36_000);
    const standing = await cups.measure(48_000);

    expect(turning.windintensity).toBeCloseTo(6.2, 6);
    expect(turning.windgust).toBeCloseTo(6.2, 6);
    expect(standing).toEqual({ windintensity: 0, windgust: 0 });
  });

  it('counts no contact bounce', async () => {
    const cups = open();
    cups.restart(0);
    for (let atMs = 0; atMs < 24_000; atMs += 1_000) {
      for (const bounceMs of [0, 0.1, 0.25]) cups.noteEdge(atMs + bounceMs);
    }
    await cups.measure(12_000);

    expect((await cups.measure(24_000)).windintensity).toBeCloseTo(2.4, 6);
  });

  it('counts a closure of 125 ms once that bounces when it opens', async () => {
    const cups = open();
    cups.restart(0);
    for (let atMs = 0; atMs < 24_000; atMs += 500) {
      cups.noteEdge(atMs);
      for (const openMs of [125, 125.2, 125.5]) {
        cups.noteEdge(atMs + openMs, 1);
        cups.noteEdge(atMs + openMs + 0.1);
      }
      cups.noteEdge(atMs + 125.7, 1);
    }
    await cups.measure(12_000);

    expect((await cups.measure(24_000)).windintensity).toBeCloseTo(4.8, 6);
  });

  it('measures between two readings without taking anything from them', async () => {
    const cups = open();
    expect(() => cups.interim(6_000)).toThrow('less than half');
    cups.restart(6_000);
    expect(() => cups.interim(12_000)).toThrow('less than half');
    for (let atMs = 12_000; atMs < 36_000; atMs += 100) cups.noteEdge(atMs);

    expect(cups.interim(24_000)?.windgust).toBeCloseTo(24, 6);
    cups.restart(36_000);
    for (let atMs = 36_000; atMs < 48_000; atMs += 50) cups.noteEdge(atMs);
    expect(cups.interim(48_000)?.windgust).toBeCloseTo(48, 6);
    expect((await cups.measure(48_000)).windintensity).toBeCloseTo(48, 6);
  });

  it('is not ready before it measures, nor for an interval that it measured less than half of', async () => {
    const cups = open();
    cups.noteEdge(1);
    const notReady = expect.objectContaining({ name: 'SensorError', code: 'not-ready' });

    expect(cups.fail(12_000)).toThrow(notReady);
    cups.restart(19_000);
    expect(cups.fail(24_000)).toThrow(notReady);
    expect(cups.fail(24_000)).toThrow(notReady);
    expect(await cups.measure(36_000)).toEqual({ windintensity: 0, windgust: 0 });
  });

  it('measures a first interval from the moment it began', async () => {
    const cups = open();
    cups.restart(2_000);
    for (let atMs = 2_000; atMs < 12_000; atMs += 100) cups.noteEdge(atMs);

    expect((await cups.measure(12_000)).windintensity).toBeCloseTo(24, 0);
  });
});
