import { describe, expect, it } from 'vitest';
import { createAnemometer } from '../../src/instruments/anemometer/anemometer.ts';

const create = () => createAnemometer({ kmhPerHz: 2.4, lockoutMs: 4 });

describe('the anemometer', () => {
  /** SparkFun SEN-15901: one closure a second is 2.4 km/h; 100 Hz are its 240 km/h at most. */
  it.each([
    [1, 2.4],
    [25, 60],
    [100, 240],
  ])('turns %i Hz into %f km/h', (hz, kmh) => {
    const anemometer = create();
    anemometer.restart(0);
    for (let pulse = 0; pulse < 24 * hz; pulse += 1) anemometer.noteEdge((pulse * 1000) / hz);
    anemometer.close(12_000, 12_000);

    const speeds = anemometer.close(24_000, 12_000);

    expect(speeds?.meanKmh).toBeCloseTo(kmh, 6);
    expect(speeds?.gustKmh).toBeCloseTo(kmh, 6);
  });

  it('counts no contact bounce', () => {
    const anemometer = create();
    anemometer.restart(0);
    for (let atMs = 0; atMs < 24_000; atMs += 1_000) {
      for (const bounceMs of [0, 0.1, 0.25]) anemometer.noteEdge(atMs + bounceMs);
    }
    anemometer.close(12_000, 12_000);

    expect(anemometer.close(24_000, 12_000)?.meanKmh).toBeCloseTo(2.4, 6);
  });

  it('knows nothing before it measures, nor of an interval that it measured less than half of', () => {
    const anemometer = create();
    anemometer.noteEdge(1);

    expect(anemometer.close(12_000, 12_000)).toBeNull();
    anemometer.restart(19_000);
    expect(anemometer.close(24_000, 12_000)).toBeNull();
    expect(anemometer.close(24_000, 12_000)).toBeNull();
    expect(anemometer.close(36_000, 12_000)).toEqual({ meanKmh: 0, gustKmh: 0 });
  });

  it('measures a first interval from the moment it began', () => {
    const anemometer = create();
    anemometer.restart(2_000);
    for (let atMs = 2_000; atMs < 12_000; atMs += 100) anemometer.noteEdge(atMs);

    expect(anemometer.close(12_000, 12_000)?.meanKmh).toBeCloseTo(24, 0);
  });
});
