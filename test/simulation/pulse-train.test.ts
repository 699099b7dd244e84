import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createPulseTrain, type PulseTrainOptions } from '../../src/simulation/pulse-train.ts';

const steady = (rateHz: number, options: Partial<PulseTrainOptions> = {}) =>
  createPulseTrain({ seed: 3, rateHzAt: () => rateHz, stepSeconds: 0.25, ...options });

/** What is left when edges within the lock-out of a counted one are dropped. */
const counted = (edgesSeconds: readonly number[], lockoutMs: number): number[] => {
  let last = Number.NEGATIVE_INFINITY;
  return edgesSeconds.filter((edge) => {
    const isCounted = (edge - last) * 1000 > lockoutMs;
    if (isCounted) last = edge;
    return isCounted;
  });
};

describe('a pulse train', () => {
  it('closes as often as its rate says, evenly', () => {
    const closures = counted(steady(8).until(100), 4);

    expect(Math.abs(closures.length - 800)).toBeLessThanOrEqual(1);
    const gaps = closures.slice(1).map((edge, index) => edge - (closures[index] ?? 0));
    expect(Math.max(...gaps)).toBeCloseTo(0.125, 6);
    expect(Math.min(...gaps)).toBeCloseTo(0.125, 6);
  });

  it('is quiet at rates of nothing and below', () => {
    expect(steady(0).until(3600)).toEqual([]);
    expect(steady(-1).until(3600)).toEqual([]);
  });

  it('keeps fractions of a closure from step to step', () => {
    expect(counted(steady(1 / 60, { stepSeconds: 1 }).until(36_000), 150)).toHaveLength(600);
  });

  it('bounces a little as it is, and a lot when worn', () => {
    const good = steady(10).until(20);
    const worn = steady(10, { bounceAt: () => ({ edges: 6, withinMs: 3 }) }).until(20);

    expect(good.length).toBeGreaterThan(220);
    expect(worn.length).toBe(counted(worn, 4).length * 7);
    expect(counted(worn, 4)).toEqual(counted(good, 4));
  });

  it('gives the same edges in order, however the time is cut into calls', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { maxLength: 20 }), (cuts) => {
        const rateHzAt = (elapsedSeconds: number): number => 20 * Math.abs(Math.sin(elapsedSeconds / 4));
        const pieces = steady(0, { rateHzAt });

        const edges = [...cuts.sort((a, b) => a - b), 30].flatMap((cut) => pieces.until(cut));

        expect(edges).toEqual(steady(0, { rateHzAt }).until(30));
        expect(edges).toEqual(edges.toSorted((a, b) => a - b));
      }),
    );
  });
});
