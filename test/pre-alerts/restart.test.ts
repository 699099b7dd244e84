import { describe, expect, it } from 'vitest';
import { createPreAlerts } from '../../src/pre-alerts/pre-alerts.ts';
import { instantAt, measurementAt } from '../fakes/measurements.ts';
import { heatRule, ruleOf } from '../fakes/pre-alert-rules.ts';
import { createStation } from './station.ts';

const hot = { temperature: 36 };
const cool = { temperature: 20 };

/** Pre-alerts after a reboot: the monotonic clock begins anew, the wall clock is known or not. */
const rebooted = (restored: unknown, synchronized: boolean) => {
  const preAlerts = createPreAlerts({ rules: [heatRule()], intervalMs: 12_000, restored });
  const evaluate = (wallSeconds: number, temperature: number) => {
    const at = instantAt(wallSeconds, { bootId: 'boot-2', monotonicMs: 9_000, synchronized });
    return preAlerts
      .evaluate({ ...measurementAt(0, { temperature }), at })
      .steps.map(({ event }) => event.transition);
  };
  return { preAlerts, evaluate };
};

describe('a restart', () => {
  it('neither raises twice nor forgets to clear', () => {
    const station = createStation([heatRule()]);
    expect(station.reads(hot)).toEqual(['heat raised']);

    const restarted = station.restarted();
    expect(restarted.status()).toMatchObject([
      { state: 'active', severity: 'warning', text: 'Temperature is 36.0 °C; the warning limit is 35 °C.' },
    ]);
    expect(restarted.reads(hot)).toEqual([]);
    expect(restarted.restarted().reads(cool)).toEqual(['heat cleared']);
  });

  it('goes on with delays and reminders where they were', () => {
    const station = createStation([heatRule({ onDelaySeconds: 60 })]);
    station.readsFor(0.8, hot);

    const restarted = station.restarted();
    expect([hot, hot].flatMap((values) => restarted.reads(values))).toEqual(['heat raised']);
    restarted.readsFor(29, hot);
    expect(restarted.restarted().readsFor(1, hot)).toEqual(['heat reminder']);
  });

  it('between two events of one reading repeats neither and loses none', () => {
    const rules = [heatRule({ id: 'a' }), heatRule({ id: 'b' }), heatRule({ id: 'c' })];
    const station = createStation(rules);
    station.reads(hot);
    const cut = station.steps.findIndex(({ event }) => event.rule === 'b');

    const restarted = createStation(rules, {
      seconds: 12,
      restored: JSON.parse(JSON.stringify(station.steps[cut]?.state)),
    });
    expect(restarted.reads(hot)).toEqual(['c raised']);
  });

  it('of the machine counts the time it took where both sides knew the time', () => {
    const station = createStation([heatRule()]);
    station.reads(hot);

    expect(rebooted(station.kept(), true).evaluate(1800, 36)).toEqual(['reminder']);
    expect(rebooted(station.kept(), false).evaluate(1800, 36)).toEqual([]);
    expect(rebooted(station.kept(), true).evaluate(-1800, 36)).toEqual([]);
    expect(rebooted(station.kept(), false).evaluate(1800, 20)).toEqual(['cleared']);
  });

  it('begins anew, and says so, with a state that cannot be read', () => {
    for (const broken of [null, 'x', {}, { at: null, rules: { heat: { phase: 'hot' } }, flood: {} }]) {
      const { preAlerts, evaluate } = rebooted(broken, true);
      expect(preAlerts.hasForgotten).toBe(true);
      expect(evaluate(0, 36)).toEqual(['raised']);
    }
    expect(createPreAlerts({ rules: [], intervalMs: 1, restored: undefined }).hasForgotten).toBe(false);
    expect(rebooted(createStation([]).kept(), true).preAlerts.hasForgotten).toBe(false);
  });
});

describe('a change of the configuration', () => {
  it('clears what a rule that is gone had raised', () => {
    const before = createStation([heatRule({ id: 'old' }), heatRule({ id: 'idle', warning: 37 })]);
    before.reads(hot);

    const after = createStation([heatRule({ id: 'new', warning: 37 })], {
      seconds: 12,
      restored: before.kept(),
    });
    expect(after.reads(hot)).toEqual(['old cleared']);
    expect(after.steps[0]?.event).toMatchObject({
      severity: 'warning',
      text: 'The rule old is no longer configured.',
    });
    expect(after.reads(hot)).toEqual([]);
  });

  it('applies new limits to a rule that is active', () => {
    const before = createStation([heatRule()]);
    before.reads(hot);

    const after = createStation([heatRule({ warning: 45, alert: 50 })], {
      seconds: 12,
      restored: before.kept(),
    });
    expect(after.reads(hot)).toEqual(['heat cleared']);
  });

  it('keeps sensors in trouble in mind', () => {
    const rules = [ruleOf({ kind: 'sensor', readings: 1, offDelaySeconds: 0, minIntervalSeconds: 0 })];
    const before = createStation(rules);
    before.reads({}, { pressure: 'missing:bus' });

    const after = before.restarted();
    expect(after.reads({}, { pressure: 'missing:bus' })).toEqual([]);
    expect(after.reads({})).toEqual(['rule cleared']);
    expect(after.steps[0]?.event.quantity).toBe('pressure');
  });
});
