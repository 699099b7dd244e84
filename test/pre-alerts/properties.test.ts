import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PreAlertRule } from '../../src/config/pre-alerts-schema.ts';
import type { PreAlertEvent } from '../../src/pre-alerts/assessment.ts';
import type { Values } from '../../src/weather/reading.ts';
import { heatRule, ruleOf } from '../fakes/pre-alert-rules.ts';
import { createStation } from './station.ts';

const ORDER: Readonly<Record<string, readonly string[]>> = {
  cleared: ['raised'],
  raised: ['escalated', 'reminder', 'cleared'],
  escalated: ['escalated', 'reminder', 'cleared'],
  reminder: ['escalated', 'reminder', 'cleared'],
};

/** Raised first, cleared last, escalated and reminded in between, for each rule by itself. */
const expectInOrder = (events: readonly PreAlertEvent[]): void => {
  for (const rule of new Set(events.map((event) => event.rule))) {
    let before = 'cleared';
    for (const { transition } of events.filter((event) => event.rule === rule)) {
      expect(ORDER[before]).toContain(transition);
      before = transition;
    }
  }
};

const temperature = fc.option(fc.double({ min: 20, max: 45, noNaN: true }), { nil: null, freq: 8 });
const delay = fc.constantFrom(0, 12, 30, 60, 300);
const heat = fc
  .record({
    onDelaySeconds: delay,
    offDelaySeconds: delay,
    minIntervalSeconds: delay,
    reminderMinutes: fc.nat(3),
  })
  .map((written) => heatRule(written));
const rules: fc.Arbitrary<PreAlertRule[]> = heat.map((rule) => [
  rule,
  ruleOf({
    id: 'ahead',
    kind: 'trend',
    quantity: 'temperature',
    direction: 'above',
    limit: 40,
    minChange: 0.5,
    windowMinutes: 5,
    minSamples: 3,
  }),
  ruleOf({
    id: 'rise',
    kind: 'rate',
    quantity: 'temperature',
    direction: 'rising',
    windowMinutes: 2,
    warning: 3,
    hysteresis: 1,
  }),
  ruleOf({ id: 'fault', kind: 'sensor', readings: 2 }),
]);
const many = fc
  .integer({ min: 11, max: 16 })
  .map((count) =>
    Array.from({ length: count }, (_, index) => heatRule({ id: `rule-${index}`, reminderMinutes: 2 })),
  );
const weather = fc.array(fc.record({ temperature }), { maxLength: 150 });

const run = (given: readonly PreAlertRule[], readings: readonly Partial<Values>[]) => {
  const station = createStation(given);
  for (const values of readings) {
    station.reads(values, values.temperature === null ? { temperature: 'missing:bus' } : {});
  }
  return station;
};

describe('whatever the weather', () => {
  it('the events of a rule come in order, and none is raised twice', () => {
    fc.assert(
      fc.property(fc.oneof(rules, many), weather, (given, readings) => {
        expectInOrder(run(given, readings).steps.map(({ event }) => event));
      }),
    );
  });

  it('nothing flaps inside the hysteresis', () => {
    const inside = fc.double({ min: 34.001, max: 34.999, noNaN: true });
    fc.assert(
      fc.property(heat, fc.array(inside, { maxLength: 100 }), fc.boolean(), (rule, readings, isRaised) => {
        const station = createStation([{ ...rule, reminderMinutes: 0 }]);
        if (isRaised) station.readsFor(12, { temperature: 36 });
        const before = station.steps.length;
        for (const each of readings) station.reads({ temperature: each });
        expect(station.steps.length).toBe(before);
      }),
    );
  });

  it('a rule is active after the last event that says so, and only then', () => {
    fc.assert(
      fc.property(rules, weather, (given, readings) => {
        const station = run(given, readings);
        for (const { rule, state } of station.status()) {
          const last =
            station.steps.findLast(({ event }) => event.rule === rule)?.event.transition ?? 'cleared';
          expect(state === 'active' || state === 'clearing').toBe(last !== 'cleared');
        }
      }),
    );
  });

  it('raising and clearing are apart by the least interval at least', () => {
    fc.assert(
      fc.property(heat, weather, (rule, readings) => {
        const changes = run([rule], readings)
          .steps.filter(({ event }) => event.transition === 'raised' || event.transition === 'cleared')
          .map(({ event }) => event.at.monotonicMs);
        for (const [index, at] of changes.entries()) {
          const before = changes[index - 1] ?? Number.NEGATIVE_INFINITY;
          expect(at - before).toBeGreaterThanOrEqual(rule.minIntervalSeconds * 1000);
        }
      }),
    );
  });

  it('a restart after any reading changes nothing of a rule on a limit', () => {
    fc.assert(
      fc.property(heat, weather, fc.nat(149), (rule, readings, cut) => {
        const whole = run([rule], readings);
        const first = run([rule], readings.slice(0, cut));
        const second = first.restarted();
        for (const values of readings.slice(cut)) second.reads(values);
        expect([...first.steps, ...second.steps].map(({ event }) => event)).toEqual(
          whole.steps.map(({ event }) => event),
        );
      }),
    );
  });

  it('the same state and reading give the same events: a reading that is judged again says the same', () => {
    fc.assert(
      fc.property(heat, weather, fc.record({ temperature }), (rule, readings, last) => {
        const station = run([rule], readings);
        const again = station.restarted();
        expect(station.reads(last)).toEqual(again.reads(last));
        expect(station.kept()).toEqual(again.kept());
      }),
    );
  });
});
