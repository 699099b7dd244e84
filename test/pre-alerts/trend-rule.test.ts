import { describe, expect, it } from 'vitest';
import { createPreAlerts } from '../../src/pre-alerts/pre-alerts.ts';
import { measurementAt } from '../fakes/measurements.ts';
import { ruleOf } from '../fakes/pre-alert-rules.ts';
import { createStation, type Station } from './station.ts';

const ahead = (written: Readonly<Record<string, unknown>> = {}) =>
  ruleOf({
    id: 'ahead',
    kind: 'trend',
    quantity: 'temperature',
    direction: 'above',
    limit: 40,
    minChange: 0.5,
    onDelaySeconds: 0,
    offDelaySeconds: 0,
    minIntervalSeconds: 0,
    reminderMinutes: 0,
    ...written,
  });

/** Readings on a line: so many minutes from `from` on, by `perHour`. */
const climb = (station: Station, from: number, { perHour, minutes }: { perHour: number; minutes: number }) =>
  Array.from({ length: minutes * 5 }, (_, index) =>
    station.reads({ temperature: from + (perHour * index) / 300 }),
  ).flat();

describe('a rule on a trend', () => {
  it('warns before the limit is reached, and says when it will be', () => {
    const station = createStation([ahead()]);

    expect(climb(station, 35, { perHour: 6, minutes: 20 })).toEqual([]);
    expect(climb(station, 37, { perHour: 6, minutes: 5 })).toEqual(['ahead raised']);
    expect(station.steps[0]?.event).toMatchObject({
      kind: 'trend',
      severity: 'warning',
      limit: 40,
      unit: '°C',
      value: expect.closeTo(37, 1),
      minutestolimit: expect.closeTo(30, 0),
      text: 'Temperature is 37.0 °C, rises by 6 °C an hour, and will reach 40 °C in about 30 min.',
    });
  });

  it('stays while the limit is passed, as it foresaw, and is cleared when things turn', () => {
    const station = createStation([ahead({ reminderMinutes: 20 })]);
    const events = [
      ...climb(station, 36, { perHour: 6, minutes: 45 }),
      ...climb(station, 40.5, { perHour: 0, minutes: 20 }),
      ...climb(station, 40.5, { perHour: -6, minutes: 20 }),
    ];

    expect(events).toEqual(['ahead raised', 'ahead reminder', 'ahead reminder', 'ahead cleared']);
    expect(station.steps.map(({ event }) => event.text).slice(1)).toEqual([
      expect.stringMatching(
        /^Temperature is 3\d\.\d °C, rises by 6 °C an hour, and will reach 40 °C in about \d+ min\.$/,
      ),
      'Temperature is 40.5 °C: it has reached 40 °C, as foreseen.',
      'Temperature is 40.0 °C and no longer about to reach 40 °C.',
    ]);
    expect(station.status()).toEqual([{ rule: 'ahead', state: 'normal', severity: 'none', text: '' }]);
  });

  it('does not speak of a limit that is passed already', () => {
    expect(climb(createStation([ahead()]), 41, { perHour: 6, minutes: 30 })).toEqual([]);
  });

  it('may foresee too little', () => {
    const station = createStation([ahead({ direction: 'below', limit: 0, severity: 'alert' })]);

    expect(climb(station, 5, { perHour: -6, minutes: 30 })).toEqual(['ahead raised']);
    expect(station.steps[0]?.event).toMatchObject({
      severity: 'alert',
      text: 'Temperature is 3.0 °C, falls by 6 °C an hour, and will reach 0 °C in about 30 min.',
    });
  });

  it('needs values in enough minutes', () => {
    const eventsOf = (minutes: number) => climb(createStation([ahead()]), 39, { perHour: 6, minutes });

    expect(eventsOf(9)).toEqual([]);
    expect(eventsOf(10)).toEqual(['ahead raised']);
  });

  it('takes no noise for a trend', () => {
    const zigzag = (swing: number) =>
      Array.from(
        { length: 150 },
        (_, index) => 39.6 + index / 600 + (Math.floor(index / 10) % 2 === 0 ? swing : -swing),
      );
    const run = (temperatures: readonly number[], written = {}) => {
      const station = createStation([ahead(written)]);
      return temperatures.flatMap((temperature) => station.reads({ temperature }));
    };

    expect(run(zigzag(0.4))).toEqual([]);
    expect(run(zigzag(0), { minChange: 0.1 })).toEqual(['ahead raised']);
    expect(run(zigzag(0), { minChange: 0.5 })).toEqual([]);
    expect(run(Array.from({ length: 150 }, () => 39.9))).toEqual([]);
  });

  it('keeps a warning through a weaker trend, up to the farther horizon', () => {
    const station = createStation([ahead({ horizonMinutes: 5 })]);

    expect(climb(station, 37, { perHour: 6, minutes: 26 })).toEqual(['ahead raised']);
    expect(climb(station, 39.4, { perHour: 0.9, minutes: 25 })).toEqual([]);
    expect(climb(station, 39.4, { perHour: 0.1, minutes: 25 })).toEqual(['ahead cleared']);
  });

  it('waits while the value is missing, or in doubt', () => {
    const station = createStation([ahead()]);
    climb(station, 38, { perHour: 6, minutes: 12 });

    expect(station.readsFor(60, { temperature: null })).toEqual([]);
    expect(station.status()).toMatchObject([
      { state: 'active', text: expect.stringContaining('will reach') },
    ]);
    expect(station.reads({ temperature: 10 }, { temperature: 'suspect:step' })).toEqual([]);
    // Known again, but with no past to speak of.
    expect(station.readsFor(8, { temperature: 20 })).toEqual([]);
    expect(station.readsFor(3, { temperature: 20 })).toEqual(['ahead cleared']);
  });

  it('needs no new past after a restart when it is given what is kept', () => {
    const recent = Array.from({ length: 100 }, (_, index) =>
      measurementAt(index * 12, { temperature: 38 + index / 50 }),
    );
    const evaluate = (given: typeof recent) =>
      createPreAlerts({ rules: [ahead()], intervalMs: 12_000, restored: undefined, recent: given })
        .evaluate(measurementAt(1200, { temperature: 39.99 }))
        .steps.map(({ event }) => event.transition);

    expect(evaluate(recent)).toEqual(['raised']);
    expect(evaluate([])).toEqual([]);
  });
});
