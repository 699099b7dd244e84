import { describe, expect, it } from 'vitest';
import { LevelTracker } from '../../src/gpio/onoff/onoff-watch.ts';
import { createBounceFilter } from '../../src/instruments/contacts.ts';

type Read = { readonly level: 0 | 1; readonly atMs: number; readonly lateMs: number };

/** Level, time, and how late the process may have been. */
type Event = readonly [level: 0 | 1, atMs: number, lateMs?: number];

const edgesOf = (events: readonly Event[]) => {
  const tracker = new LevelTracker();
  tracker.noteLevel(1, 0, 0);
  return events.flatMap(([level, atMs, lateMs = 0.2]) => [...tracker.noteLevel(level, atMs, lateMs)]);
};

const closuresOf = (lockoutMs: number, events: readonly Event[]): number => {
  const isClosure = createBounceFilter(lockoutMs);
  return edgesOf(events).filter(({ atMs, level }) => isClosure(atMs, level)).length;
};

describe('the levels of a line', () => {
  it.each<[string, Event[], number]>([
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
        [0, 116, 14],
      ],
      2,
    ],
    ['a pulse that was over before anybody looked', [[1, 104, 5]], 1],
    [
      'pulses of which each was over',
      [
        [1, 104, 5],
        [1, 120, 5],
        [1, 136, 5],
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
    [
      'a contact that was looked at while it bounced, opening',
      [
        [0, 100],
        [0, 225.2, 1.2],
        [1, 227.4],
      ],
      1,
    ],
    ['a spike that was served at once', [[1, 104]], 0],
  ])('tell %s', (_case, events, closures) => {
    expect(closuresOf(4, events)).toBe(closures);
  });

  it('begin with the level that was found', () => {
    expect(new LevelTracker().noteLevel(1, 5, 0)).toEqual([{ level: 1, atMs: 5 }]);
  });

  it('give an opening the time that it can have begun at', () => {
    expect(
      edgesOf([
        [0, 100],
        [1, 228, 3],
        [0, 240, 0],
        [0, 260, 30],
      ]),
    ).toEqual([
      { level: 0, atMs: 100 },
      { level: 1, atMs: 225 },
      { level: 0, atMs: 240 },
      { level: 1, atMs: 240 },
      { level: 0, atMs: 260 },
    ]);
  });

  describe('and the rhythm', () => {
    /** Pulses of 4 ms every 16 ms; the process is `lateMs` late before the last, which comes after `gapMs`. */
    const suspectedAfter = (gapMs: number, lateMs: number, pulses = 6): number => {
      const tracker = new LevelTracker();
      tracker.noteLevel(1, 0, 0);
      const timesMs = Array.from({ length: pulses }, (_, index) => 100 + index * 16);
      for (const [index, atMs] of timesMs.entries()) {
        tracker.noteLevel(0, atMs, 0);
        tracker.noteLevel(1, atMs + 4, index === pulses - 1 ? lateMs : 0);
      }
      tracker.noteLevel(0, (timesMs.at(-1) ?? 0) + gapMs, 0);
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
      tracker.noteLevel(1, -4, 0);
      for (const atMs of [0, 16, 32, 48, 64, 96, 128, 160, 192]) {
        tracker.noteLevel(0, atMs, 3);
        tracker.noteLevel(1, atMs + 4, 0);
      }

      expect(tracker.suspectedMissed).toBe(4);
    });
  });
});

type Change = { readonly atMs: number; readonly level: 0 | 1 };

/** Times at which a line changes; it begins high. */
const changesAt = (timesMs: readonly number[]): Change[] =>
  timesMs.map((atMs, index) => ({ atMs, level: index % 2 === 0 ? 0 : 1 }));

/**
 * What sysfs and epoll make of a line: a change wakes the process, which reads the level so much later and sees nothing
 * of what happened in between. It knows its lateness a little too high.
 */
const readsOf = (changes: readonly Change[], lateMsAt: (atMs: number) => number): Read[] => {
  const reads: Read[] = [];
  for (let next = 0; next < changes.length; ) {
    const firstMs = changes[next]?.atMs ?? 0;
    const lateMs = lateMsAt(firstMs);
    let level: 0 | 1 = 1;
    for (; next < changes.length && (changes[next]?.atMs ?? 0) <= firstMs + lateMs; next += 1)
      level = changes[next]?.level ?? 1;
    reads.push({ level, atMs: firstMs + lateMs, lateMs: lateMs + 0.3 });
  }
  return reads;
};

/** Park and Miller's generator: the same numbers in each run. */
const randomFrom = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
};

const countOf = (changes: readonly Change[], lockoutMs: number, lateMsAt: (atMs: number) => number) => {
  const tracker = new LevelTracker();
  tracker.noteLevel(1, 0, 0);
  const isClosure = createBounceFilter(lockoutMs);
  const closures = readsOf(changes, lateMsAt)
    .flatMap(({ level, atMs, lateMs }) => [...tracker.noteLevel(level, atMs, lateMs)])
    .filter(({ level, atMs }) => isClosure(atMs, level)).length;
  return { closures, suspectedMissed: tracker.suspectedMissed };
};

/** Mostly at once; in a share of the cases late by 5 ms up to this. */
const lateness = (random: () => number, share: number, mostMs: number) => (): number =>
  random() < share ? 5 + random() * (mostMs - 5) : 0.05 + random() * 0.4;

/** Closes with chatter of 0.15 ms, opens with bounce. */
const bouncing = (atMs: number, closedMs: number, gapMs = 2): number[] => [
  ...[atMs, atMs + 0.1, atMs + 0.15],
  ...[atMs + closedMs, atMs + closedMs + gapMs, atMs + closedMs + 2 * gapMs],
];

describe('a contact that is looked at late', () => {
  const seeds = Array.from({ length: 20 }, (_, index) => index + 1);

  it.each([0, 0.05, 0.3, 1])(
    'counts each tip of rain once, with bounce at both ends and service late in a share of %f',
    (share) => {
      for (const seed of seeds) {
        const random = randomFrom(seed);
        const tips = Array.from({ length: 100 }, (_, index) => bouncing(1_000 + index * 3_000, 200));
        const { closures } = countOf(changesAt(tips.flat()), 150, lateness(random, share, 30));
        expect(closures, `seed ${seed}`).toBe(100);
      }
    },
  );

  it.each([
    [5, 0.3, 0.5],
    [20, 2, 1.5],
    [125, 2, 1.5],
    [2_000, 2, 1.5],
  ])(
    'counts closures of %i ms once that bounce at both ends, for %f ms as they open, %f ms late',
    (closedMs, gapMs, lateMs) => {
      for (const seed of seeds) {
        const random = randomFrom(seed);
        const pulses = Array.from({ length: 200 }, (_, index) =>
          bouncing(100 + index * (4 * closedMs), closedMs, gapMs),
        );
        const { closures } = countOf(changesAt(pulses.flat()), 4, () => random() * lateMs);
        expect(closures, `seed ${seed}`).toBe(200);
      }
    },
  );

  it.each([
    [0, 1],
    [0.02, 0.92],
    [0.1, 0.75],
  ])(
    'counts at 100 Hz, closed for 4 ms, with service late in a share of %f no pulse twice and most of them',
    (share, least) => {
      for (const seed of seeds) {
        const random = randomFrom(seed);
        const pulses = Array.from({ length: 3_000 }, (_, index) => [100 + index * 10, 104 + index * 10]);
        const { closures, suspectedMissed } = countOf(
          changesAt(pulses.flat()),
          4,
          lateness(random, share, 30),
        );
        expect(closures, `seed ${seed}`).toBeLessThanOrEqual(3_000);
        expect(closures, `seed ${seed}`).toBeGreaterThanOrEqual(least * 3_000);
        expect(closures + suspectedMissed, `seed ${seed}`).toBeGreaterThanOrEqual(3_000 * 0.995);
      }
    },
  );
});
