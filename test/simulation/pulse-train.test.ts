import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createBounceFilter } from '../../src/instruments/contacts.ts';
import {
  createPulseTrain,
  type PulseTrainOptions,
  type TrainEdge,
} from '../../src/simulation/pulse-train.ts';

const steady = (rateHz: number, options: Partial<PulseTrainOptions> = {}) =>
  createPulseTrain({
    seed: 3,
    rateHzAt: () => rateHz,
    stepSeconds: 0.25,
    closedSecondsAt: (hz) => 0.25 / hz,
    ...options,
  });

/** When the closures began, without bounce. */
const counted = (edges: readonly TrainEdge[], lockoutMs: number): number[] => {
  const isClosure = createBounceFilter(lockoutMs);
  return edges.flatMap(({ atSeconds, level }) => (isClosure(atSeconds * 1000, level) ? [atSeconds] : []));
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

    expect(good.length).toBeGreaterThan(2 * 220);
    // The last one has not opened yet, or just so.
    expect(Math.abs(worn.length - counted(worn, 4).length * 2 * 13)).toBeLessThanOrEqual(13);
    expect(counted(worn, 4)).toEqual(counted(good, 4));
  });

  it('closes and opens in turn, and bounces at both ends', () => {
    const edges = steady(2, { bounceAt: () => ({ edges: 1, withinMs: 1 }) }).until(10);

    expect(edges.slice(0, 12).map(({ level }) => level)).toEqual([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
    expect((edges[3]?.atSeconds ?? 0) - (edges[0]?.atSeconds ?? 0)).toBeCloseTo(0.125, 6);
  });

  it('gives the same edges in order, however the time is cut into calls', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 30, noNaN: true }), { maxLength: 20 }), (cuts) => {
        const rateHzAt = (elapsedSeconds: number): number => 20 * Math.abs(Math.sin(elapsedSeconds / 4));
        const pieces = steady(0, { rateHzAt });

        const edges = [...cuts.sort((a, b) => a - b), 30].flatMap((cut) => pieces.until(cut));

        expect(edges).toEqual(steady(0, { rateHzAt }).until(30));
        const times = edges.map(({ atSeconds }) => atSeconds);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }),
    );
  });
});
