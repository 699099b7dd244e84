import { describe, expect, it } from 'vitest';
import type { PreAlertRule } from '../../src/config/pre-alerts-schema.ts';
import { createPreAlerts } from '../../src/pre-alerts/pre-alerts.ts';
import type { QualityFlags, Values } from '../../src/weather/reading.ts';
import { measurementAt } from '../fakes/measurements.ts';
import { heatRule, ruleOf } from '../fakes/pre-alert-rules.ts';

const HOUR_MS = 3_600_000;

const gustRule = ruleOf({
  id: 'gust',
  kind: 'limit',
  quantity: 'windgust',
  direction: 'above',
  warning: 74,
  hysteresis: 11,
  onDelaySeconds: 0,
  offDelaySeconds: 600,
});

const rainRule = ruleOf({
  id: 'rain',
  kind: 'limit',
  quantity: 'rainhour',
  direction: 'above',
  warning: 20,
  hysteresis: 2,
  onDelaySeconds: 0,
});

/** A station that reports every hour and looks at wind and rain every 12 s. */
const createHourly = (rules: readonly PreAlertRule[], restored?: unknown) => {
  const preAlerts = createPreAlerts({
    rules,
    intervalMs: HOUR_MS,
    interim: { everyMs: 12_000, quantities: new Set(['windintensity', 'windgust', 'rainheight']) },
    restored,
  });
  const kept = { state: restored };
  const take =
    (evaluate: typeof preAlerts.evaluate) =>
    (seconds: number, values: Partial<Values>, quality: QualityFlags = {}): string[] => {
      const { steps, state } = evaluate(measurementAt(seconds, values, quality));
      kept.state = JSON.parse(JSON.stringify(state));
      return steps.map(({ event }) => `${event.rule} ${event.transition}`);
    };
  return {
    reads: take((measurement) => preAlerts.evaluate(measurement)),
    counts: take((measurement) =>
      preAlerts.evaluateInterim({
        ...measurement,
        values: { ...measurement.values, temperature: null, humidity: null, pressure: null },
      }),
    ),
    status: () => preAlerts.status(),
    kept,
    preAlerts,
  };
};

describe('rules between two readings', () => {
  it('are raised when it happens, once', () => {
    const station = createHourly([gustRule, rainRule]);
    station.reads(3_600, { windgust: 20, rainheight: 0 });

    expect(station.counts(3_660, { windgust: 90, rainheight: 12 })).toEqual(['gust raised']);
    expect(station.counts(3_672, { windgust: 90, rainheight: 12 })).toEqual(['rain raised']);
    expect(station.reads(7_200, { windgust: 90, rainheight: 24 })).toEqual([]);
    expect(station.status().map(({ state }) => state)).toEqual(['active', 'active']);
  });

  it('let the time of delays pass by their own steps', () => {
    const station = createHourly([ruleOf({ ...gustRule, onDelaySeconds: 60 })]);
    const events = Array.from({ length: 7 }, (_, step) => station.counts(12 * step, { windgust: 80 }));

    expect(events.flat()).toEqual(['gust raised']);
    expect(events[5]).toEqual(['gust raised']);
  });

  it('leave the others to the readings, with the time between those', () => {
    const station = createHourly([heatRule({ onDelaySeconds: 3_600 }), gustRule]);
    station.reads(0, { temperature: 36 });
    for (let seconds = 12; seconds < 3_600; seconds += 12)
      expect(station.counts(seconds, { windgust: 10 })).toEqual([]);

    expect(station.status()[0]?.state).toBe('pending');
    expect(station.reads(3_600, { temperature: 36 })).toEqual(['heat raised']);
  });

  it('derive wind and rain from their own steps, and the rest from the readings', () => {
    const { preAlerts } = createHourly([]);
    const reading = preAlerts.evaluate(
      measurementAt(0, { temperature: 20, humidity: 50, rainheight: 7, windgust: 50, windintensity: 20 }),
    );
    expect(reading.derived).toMatchObject({
      rainhour: null,
      windmaxgust: null,
      dewpoint: expect.closeTo(9.3, 1),
    });

    let derived = reading.derived;
    for (let seconds = 12; seconds <= 600; seconds += 12)
      derived = preAlerts.evaluateInterim(
        measurementAt(seconds, { temperature: null, rainheight: 0.2, windgust: 30, windintensity: 10 }),
      ).derived;

    expect(derived).toMatchObject({
      rainhour: expect.closeTo(10, 6),
      windmaxgust: 30,
      windmean: expect.closeTo(10, 6),
      dewpoint: expect.closeTo(9.3, 1),
    });
  });

  it('go on after a restart where they were', () => {
    const before = createHourly([gustRule]);
    before.counts(12, { windgust: 90 });
    const after = createHourly([gustRule], before.kept.state);

    expect(after.counts(24, { windgust: 90 })).toEqual([]);
    expect(after.status()[0]?.state).toBe('active');
  });

  it('read what a release without them kept', () => {
    const { interimAt: _, ...kept } = createPreAlerts({
      rules: [gustRule],
      intervalMs: HOUR_MS,
      restored: undefined,
    }).evaluate(measurementAt(0, { windgust: 90 })).state;

    const station = createHourly([gustRule], JSON.parse(JSON.stringify(kept)));
    expect(station.status()[0]?.state).toBe('active');
    expect(station.counts(12, { windgust: 90 })).toEqual([]);
  });

  it('have a flood in common', () => {
    const rules = Array.from({ length: 11 }, (_, index) => ruleOf({ ...gustRule, id: `gust-${index}` }));
    const station = createHourly([...rules, heatRule()]);
    const events = station.counts(0, { windgust: 90 });

    expect(events).toContain('flood raised');
    expect(station.reads(300, { temperature: 36 })).toEqual([]);
    expect(station.reads(900, { temperature: 36 })).toContain('flood cleared');
  });

  it('change nothing where none are announced', () => {
    const preAlerts = createPreAlerts({ rules: [gustRule], intervalMs: 12_000, restored: undefined });

    expect(preAlerts.evaluateInterim(measurementAt(0, { windgust: 90 })).steps).toEqual([]);
  });
});
