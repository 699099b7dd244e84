import { describe, expect, it } from 'vitest';
import { LevelTracker } from '../../src/buses/onoff-levels.ts';

const counted = (events: readonly (readonly [level: 0 | 1, atMs: number])[]): number => {
  const tracker = new LevelTracker();
  tracker.noteLevel(1, 0);
  return events.filter(([level, atMs]) => tracker.noteLevel(level, atMs)).length;
};

describe('the levels of a line', () => {
  it.each([
    [
      'a pulse',
      [
        [0, 100],
        [1, 104],
      ],
      1,
    ],
    [
      'a pulse whose end is not told',
      [
        [0, 100],
        [0, 116],
      ],
      2,
    ],
    ['a pulse that was over before anybody looked', [[1, 104]], 1],
    [
      'pulses of which each was over',
      [
        [1, 104],
        [1, 120],
        [1, 136],
      ],
      3,
    ],
    [
      'the bounce of an opening contact',
      [
        [0, 100],
        [1, 300],
        [1, 300.2],
        [1, 300.3],
      ],
      1,
    ],
  ] as const)('tell %s', (_case, events, falls) => {
    expect(counted(events)).toBe(falls);
  });

  it('begin with the level that was found, which is no edge', () => {
    expect(new LevelTracker().noteLevel(1, 0)).toBe(false);
  });

  describe('while nobody looked', () => {
    const turning = (): LevelTracker => {
      const tracker = new LevelTracker();
      tracker.noteLevel(1, 0);
      for (const atMs of [100, 116, 132]) {
        tracker.noteLevel(0, atMs);
        tracker.noteLevel(1, atMs + 4);
      }
      return tracker;
    };

    it.each([
      [10, 0],
      [31, 0],
      [32, 1],
      [50, 2],
    ])(
      'for %i ms may have lost as many as the rhythm has in it, but the one that is seen',
      (lagMs, missed) => {
        expect(turning().suspectedMissed(lagMs, 140 + lagMs)).toBe(missed);
      },
    );

    it('lost none when the cups stood still', () => {
      expect(turning().suspectedMissed(50, 10_000)).toBe(0);
      expect(new LevelTracker().suspectedMissed(50, 10_000)).toBe(0);
    });
  });
});
