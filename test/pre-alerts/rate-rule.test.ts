import { describe, expect, it } from 'vitest';
import { ruleOf } from '../fakes/pre-alert-rules.ts';
import { createStation } from './station.ts';

const fall = (written: Readonly<Record<string, unknown>> = {}) =>
  ruleOf({
    id: 'fall',
    kind: 'rate',
    quantity: 'pressure',
    direction: 'falling',
    windowMinutes: 180,
    warning: 3.6,
    alert: 6,
    hysteresis: 0.6,
    onDelaySeconds: 0,
    offDelaySeconds: 0,
    reminderMinutes: 0,
    ...written,
  });

/** Readings each minute: so many hours, by so many hPa an hour. */
const run = (
  written: Readonly<Record<string, unknown>>,
  parts: readonly (readonly [hours: number, perHour: number])[],
  intervalSeconds = 60,
) => {
  const station = createStation([fall(written)], { intervalSeconds });
  let pressure = 1013;
  const events = parts.flatMap(([hours, perHour]) =>
    Array.from({ length: (hours * 3600) / intervalSeconds }, () => {
      pressure += (perHour * intervalSeconds) / 3600;
      return station.reads({ pressure });
    }).flat(),
  );
  return { station, events };
};

describe('a rule on a rate', () => {
  it('is raised by a fall within its window, escalated by a faster one, and cleared when it slackens', () => {
    const { station, events } = run({}, [
      [3, 0],
      [3, -1.3],
      [3, -2.2],
      [4, 0],
    ]);

    expect(events).toEqual(['fall raised', 'fall escalated', 'fall cleared']);
    expect(station.steps.map(({ event }) => event)).toMatchObject([
      { kind: 'rate', value: expect.closeTo(3.6, 1), limit: 3.6, unit: 'hPa in 3 h' },
      {
        severity: 'alert',
        text: 'Pressure falls by 6.0 hPa in 3 h; the alert limit is 6 hPa.',
      },
      { text: 'Pressure no longer falls so fast: 3.0 hPa in 3 h.' },
    ]);
  });

  it('says that the pressure rises when the eye of a storm has passed', () => {
    const { station, events } = run({ offDelaySeconds: 5400 }, [
      [3, 0],
      [3, -2.2],
      [1, 0],
      [5, 6],
    ]);

    expect(events.at(-1)).toBe('fall cleared');
    expect(station.steps.at(-1)?.event?.text).toMatch(/^Pressure rises now: by \d+\.\d hPa in 3 h\.$/);
  });

  it('does not mind the other direction', () => {
    expect(run({}, [[6, 3]]).events).toEqual([]);
    expect(
      run({ direction: 'rising', windowMinutes: 90, alert: 99 }, [[2, 3]]).station.steps[0]?.event,
    ).toMatchObject({
      unit: 'hPa in 90 min',
      text: 'Pressure rises by 4.5 hPa in 90 min; the warning limit is 3.6 hPa.',
    });
  });

  it('needs two thirds of its window, and half of its readings', () => {
    expect(run({}, [[2, -3]]).events).toEqual([]);
    expect(run({}, [[2.05, -3]]).events).toEqual(['fall raised']);

    const station = createStation([fall()], { intervalSeconds: 60 });
    const sparse = Array.from({ length: 170 }, (_, minute) =>
      station.reads({ pressure: minute < 60 || minute === 169 ? 1013 - minute / 20 : null }),
    );
    expect(sparse.flat()).toEqual([]);
  });

  it('works with hourly readings', () => {
    expect(run({}, [[6, -1.5]], 3600).events).toEqual(['fall raised']);
  });

  it('needs more than one moment', () => {
    expect(run({ windowMinutes: 30 }, [[4, -9]], 3600).events).toEqual([]);
  });
});
