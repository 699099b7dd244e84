import { describe, expect, it } from 'vitest';
import { createBounceFilter } from '../../src/instruments/contacts.ts';

/** A backend that tells falling edges only. */
const counted = (lockoutMs: number, timesMs: readonly number[]): number[] => {
  const isClosure = createBounceFilter(lockoutMs);
  return timesMs.filter((atMs) => isClosure(atMs, 0));
};

type Change = { readonly atMs: number; readonly level: 0 | 1 };

/** Closed from `atMs` for so long; bounces as it closes and, with `gapMs` open in between, as it opens. */
const closure = (atMs: number, closedMs: number, gapMs = 0.1): Change[] => {
  const openMs = atMs + closedMs;
  return [
    { atMs, level: 0 },
    { atMs: atMs + 0.1, level: 1 },
    { atMs: atMs + 0.15, level: 0 },
    { atMs: openMs, level: 1 },
    { atMs: openMs + gapMs, level: 0 },
    { atMs: openMs + gapMs + 0.1, level: 1 },
    { atMs: openMs + 2 * gapMs + 0.1, level: 0 },
    { atMs: openMs + 2 * gapMs + 0.2, level: 1 },
  ];
};

/** What the kernel tells that reads the level so long after an edge: edges until then are one, of the time of the last. */
const told = (changes: readonly Change[], readAfterMs: number): Change[] => {
  const all: Change[] = [];
  for (let index = 0; index < changes.length; ) {
    const readAtMs = (changes[index]?.atMs ?? 0) + readAfterMs;
    const merged = changes.slice(index).filter(({ atMs }) => atMs <= readAtMs);
    all.push(...merged.slice(-1));
    index += merged.length;
  }
  return all;
};

const closuresIn = (lockoutMs: number, changes: readonly Change[]): number => {
  const isClosure = createBounceFilter(lockoutMs);
  return changes.filter(({ atMs, level }) => isClosure(atMs, level)).length;
};

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

  it.each([5, 20, 125, 2_000])('counts a closure of %i ms once that bounces when it opens', (closedMs) => {
    const closures = Array.from({ length: 10 }, (_, index) => closure(index * 4 * closedMs, closedMs));

    expect(closuresIn(4, closures.flat())).toBe(10);
  });

  it('counts a slow tip once whose contact bounces for long when it opens', () => {
    const tips = [1_000, 4_000, 7_000].flatMap((atMs) => closure(atMs, 300, 20));

    expect(closuresIn(150, tips)).toBe(3);
  });

  it.each([2, 5, 7.5])(
    'loses nothing at 100 Hz of closures of %f ms that bounce at both ends',
    (closedMs) => {
      const closures = Array.from({ length: 1_000 }, (_, index) => closure(index * 10, closedMs));

      expect(closuresIn(4, closures.flat())).toBe(1_000);
    },
  );

  it('is not deceived by an opening that got lost', () => {
    const changes: Change[] = [
      { atMs: 0, level: 0 },
      { atMs: 125, level: 1 },
      { atMs: 125.1, level: 0 },
      { atMs: 125.3, level: 0 },
      { atMs: 500, level: 0 },
    ];

    expect(closuresIn(4, changes)).toBe(2);
  });

  it.each([0.05, 0.5, 3, 5])(
    'loses nothing at 100 Hz of closures of 4 ms and no tip where the level is read %f ms after the edge',
    (readAfterMs) => {
      const closures = Array.from({ length: 1_000 }, (_, index) => closure(index * 10, 4));
      const tips = Array.from({ length: 20 }, (_, index) => closure(index * 3_000, 200, 2));
      const atRest: Change = { atMs: -1_000, level: 1 };

      expect(closuresIn(4, told([atRest, ...closures.flat()], readAfterMs))).toBe(1_000);
      expect(closuresIn(150, told([atRest, ...tips.flat()], readAfterMs))).toBe(20);
    },
  );

  it('counts every edge when the time is 0', () => {
    expect(counted(0, [1, 1, 2])).toEqual([1, 1, 2]);
  });
});
