import { describe, expect, it } from 'vitest';
import { foresightOf, SpanRecorder, togetherOf } from './foresight.ts';

const MINUTE_MS = 60_000;

const spans = (...minutes: readonly number[]) => {
  const recorder = new SpanRecorder();
  for (const minute of minutes) recorder.note(minute * MINUTE_MS);
  return recorder.spans;
};

type Transitions = readonly (readonly [minute: number, 'raised' | 'escalated' | 'reminder' | 'cleared'])[];

const events = (transitions: Transitions) =>
  transitions.map(([minute, transition]) => ({
    rule: 'heat',
    transition,
    at: { monotonicMs: minute * MINUTE_MS },
  }));

const foresight = (transitions: Transitions, ...reachedMinutes: readonly number[]) =>
  foresightOf(events(transitions), spans(...reachedMinutes), 'heat');

describe('what came', () => {
  it('is one thing as long as it comes again within an hour', () => {
    expect(spans(10, 11, 71, 132)).toEqual([
      { fromMs: 10 * MINUTE_MS, untilMs: 71 * MINUTE_MS },
      { fromMs: 132 * MINUTE_MS, untilMs: 132 * MINUTE_MS },
    ]);
    expect(spans()).toEqual([]);
  });
});

describe('the count of a rule', () => {
  it('is a hit when the warning was out before it came', () => {
    expect(
      foresight(
        [
          [10, 'raised'],
          [20, 'escalated'],
          [50, 'reminder'],
          [90, 'cleared'],
        ],
        40,
        60,
      ),
    ).toEqual({ leadMinutes: [30], missed: 0, falseWarnings: 0 });
  });

  it('is a hit too when the warning is never cleared', () => {
    expect(foresight([[10, 'raised']], 40)).toEqual({ leadMinutes: [30], missed: 0, falseWarnings: 0 });
  });

  it('is a miss without a warning, or with one that comes at the very moment or later', () => {
    expect(foresight([], 40)).toEqual({ leadMinutes: [], missed: 1, falseWarnings: 0 });
    expect(foresight([[40, 'raised']], 40)).toEqual({ leadMinutes: [], missed: 1, falseWarnings: 0 });
    expect(foresight([[41, 'raised']], 40, 45)).toEqual({ leadMinutes: [], missed: 1, falseWarnings: 0 });
  });

  it('is a miss and a false warning when the warning was over before', () => {
    expect(
      foresight(
        [
          [10, 'raised'],
          [39, 'cleared'],
        ],
        40,
      ),
    ).toEqual({ leadMinutes: [], missed: 1, falseWarnings: 1 });
  });

  it('is a false warning where nothing came, whether it ended or not', () => {
    expect(
      foresight([
        [10, 'raised'],
        [39, 'cleared'],
        [50, 'raised'],
      ]),
    ).toEqual({ leadMinutes: [], missed: 0, falseWarnings: 2 });
  });

  it('does not call a warning false that is raised again while it lasts', () => {
    expect(
      foresight(
        [
          [10, 'raised'],
          [45, 'cleared'],
          [50, 'raised'],
          [90, 'cleared'],
        ],
        40,
        60,
      ),
    ).toEqual({ leadMinutes: [30], missed: 0, falseWarnings: 0 });
  });

  it('takes no other rule into account', () => {
    expect(foresightOf(events([[10, 'raised']]), spans(40), 'frost')).toEqual({
      leadMinutes: [],
      missed: 1,
      falseWarnings: 0,
    });
  });

  it('adds up over days, the leads in order', () => {
    const days = [
      foresight([[10, 'raised']], 40),
      foresight([[10, 'raised']], 15),
      foresight([], 3),
      foresight([[1, 'raised']]),
    ];

    expect(togetherOf(days)).toEqual({ leadMinutes: [5, 30], missed: 1, falseWarnings: 1 });
  });
});
