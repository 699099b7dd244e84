import { describe, expect, it } from 'vitest';
import { LevelTracker } from '../../src/gpio/onoff/onoff-watch.ts';

const edgesOf = (events: readonly (readonly [level: 0 | 1, atMs: number])[]) => {
  const tracker = new LevelTracker();
  tracker.noteLevel(1, 0);
  const edges = events.flatMap(([level, atMs]) => tracker.noteLevel(level, atMs));
  return [...edges, ...tracker.flush((events.at(-1)?.[1] ?? 0) + 10)];
};

const counted = (events: readonly (readonly [level: 0 | 1, atMs: number])[]): number =>
  edgesOf(events).filter(({ level }) => level === 0).length;

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

  it('begin with the level that was found', () => {
    expect(new LevelTracker().noteLevel(1, 0)).toEqual([{ level: 1, atMs: 0 }]);
  });

  it('tell that a contact opens, too', () => {
    expect(
      edgesOf([
        [0, 100],
        [1, 225],
        [0, 225.2],
        [1, 225.4],
      ]),
    ).toEqual([
      { level: 0, atMs: 100 },
      { level: 1, atMs: 225 },
      { level: 0, atMs: 225.2 },
      { level: 1, atMs: 225.4 },
    ]);
  });

  it('say nothing of an opening contact that was looked at while it bounced', () => {
    expect(
      edgesOf([
        [0, 100],
        [0, 225.2],
        [1, 225.4],
      ]),
    ).toEqual([
      { level: 0, atMs: 100 },
      { level: 1, atMs: 225.4 },
    ]);
  });

  it('take a line that stays low for a closure only once it has stayed so', () => {
    const tracker = new LevelTracker();
    tracker.noteLevel(0, 100);

    expect(tracker.noteLevel(0, 116)).toEqual([]);
    expect(tracker.flush(117)).toEqual([]);
    expect(tracker.flush(118)).toEqual([{ level: 0, atMs: 116 }]);
    expect(tracker.noteLevel(1, 118.5)).toEqual([{ level: 1, atMs: 118.5 }]);
  });

  describe('and the rhythm', () => {
    /** Pulses of 4 ms every 16 ms; the process is `lateMs` late before the last, which comes after `gapMs`. */
    const suspectedAfter = (gapMs: number, lateMs: number, pulses = 6): number => {
      const tracker = new LevelTracker();
      tracker.noteLevel(1, 0);
      const timesMs = Array.from({ length: pulses }, (_, index) => 100 + index * 16);
      for (const atMs of timesMs) {
        tracker.noteLevel(0, atMs);
        tracker.noteLevel(1, atMs + 4);
      }
      tracker.noteLate(lateMs);
      tracker.noteLevel(0, (timesMs.at(-1) ?? 0) + gapMs);
      return tracker.suspectedMissed;
    };

    it.each([
      [16, 0],
      [20, 0],
      [32, 1],
      [66, 3],
    ])('with a gap of %i ms miss %i pulses when the process was late', (gapMs, missed) => {
      expect(suspectedAfter(gapMs, 30)).toBe(missed);
    });

    it('miss none where the process was punctual: the wind went down', () => {
      expect(suspectedAfter(66, 1)).toBe(0);
    });

    it('miss none where there is no rhythm', () => {
      expect([suspectedAfter(10_000, 30), suspectedAfter(66, 30, 3)]).toEqual([0, 0]);
    });

    it('go by the short gaps when every other pulse is missed', () => {
      const tracker = new LevelTracker();
      for (const atMs of [0, 16, 32, 48, 64, 96, 128, 160, 192]) {
        tracker.noteLate(20);
        tracker.noteLevel(0, atMs);
        tracker.flush(atMs + 5);
      }

      expect(tracker.suspectedMissed).toBe(4);
    });
  });
});
