import { describe, expect, it } from 'vitest';
import { createBounceFilter } from '../../src/instruments/contacts.ts';

const counted = (lockoutMs: number, timesMs: readonly number[]): number[] =>
  timesMs.filter(createBounceFilter(lockoutMs));

describe('the lock-out against contact bounce', () => {
  it('counts the leading edge and ignores what follows within the time', () => {
    expect(counted(4, [100, 100.1, 100.3, 103.9, 104])).toEqual([100, 104]);
  });

  it('is not renewed by bounce, unlike a debounce that waits for silence', () => {
    const chatter = Array.from({ length: 10 }, (_, index) => index * 3);

    expect(counted(4, chatter)).toEqual([0, 6, 12, 18, 24]);
  });

  it('loses no pulse of an anemometer at 100 Hz, each with 300 µs of bounce', () => {
    const pulses = Array.from({ length: 6_000 }, (_, index) => index * 10);
    const edges = pulses.flatMap((atMs) => [atMs, atMs + 0.1, atMs + 0.3]);

    expect(counted(4, edges)).toEqual(pulses);
  });

  it('takes a bucket whose contact bounces for 100 ms for one tip', () => {
    expect(counted(150, [0, 2, 60, 100, 2_500, 2_590])).toEqual([0, 2_500]);
  });

  it('counts every edge when the time is 0', () => {
    expect(counted(0, [1, 1, 2])).toEqual([1, 1, 2]);
  });
});
