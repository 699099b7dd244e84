import { describe, expect, it } from 'vitest';
import type { QualityFlags } from '../../src/weather/reading.ts';
import { heatRule, ruleOf } from '../fakes/pre-alert-rules.ts';
import { createStation } from './station.ts';

const fault = (written: Readonly<Record<string, unknown>> = {}) =>
  ruleOf({ id: 'fault', kind: 'sensor', offDelaySeconds: 0, minIntervalSeconds: 0, ...written });

const missing: QualityFlags = { temperature: 'missing:missing', humidity: 'missing:missing' };

describe('a rule on sensors', () => {
  it('is raised by the third reading without a valid value, and cleared by a good one', () => {
    const station = createStation([fault()]);

    expect([missing, missing, missing, {}].map((quality) => station.reads({}, quality))).toEqual([
      [],
      [],
      ['fault raised'],
      ['fault cleared'],
    ]);
    expect(station.steps.map(({ event }) => event)).toMatchObject([
      {
        kind: 'sensor',
        quantity: 'temperature,humidity',
        value: null,
        limit: null,
        unit: '',
        text: 'No valid value: temperature, humidity (missing:missing).',
      },
      { quantity: 'temperature,humidity', text: 'All its sensors give valid values again.' },
    ]);
  });

  it('takes no squall for a fault: what jumps is not out of order', () => {
    const station = createStation([fault({ readings: 1 })]);

    expect(station.reads({ temperature: null }, { temperature: 'failed:step' })).toEqual([]);
    expect(station.reads({ temperature: null }, { temperature: 'failed:range' })).toEqual(['fault raised']);
  });

  it('is not raised by a single doubt, nor by a substitute that measures in its place', () => {
    const doubts: QualityFlags[] = [{ temperature: 'suspect:stuck' }, {}, {}, {}];
    const substitutes: QualityFlags[] = Array.from({ length: 9 }, () => ({
      temperature: 'suspect:substitute',
    }));
    const station = createStation([fault()]);

    expect([...doubts, ...substitutes].flatMap((quality) => station.reads({}, quality))).toEqual([]);
  });

  it('may be an alert', () => {
    const station = createStation([fault({ readings: 1, severity: 'alert' })]);
    station.reads({}, missing);

    expect(station.steps[0]?.event.severity).toBe('alert');
  });

  it('is not raised by two', () => {
    const station = createStation([fault()]);

    expect(
      [missing, missing, {}, missing, missing, {}].flatMap((quality) => station.reads({}, quality)),
    ).toEqual([]);
  });

  it('may be raised by the first', () => {
    expect(createStation([fault({ readings: 1 })]).reads({}, missing)).toEqual(['fault raised']);
  });

  it.each([
    'missing:bus',
    'failed:range',
    'suspect:stuck',
    'suspect:still',
    'suspect:bounce',
    'suspect:dry-air',
  ])('minds %s', (flag) => {
    expect(createStation([fault({ readings: 1 })]).reads({}, { pressure: flag })).toEqual(['fault raised']);
  });

  it.each(['suspect:step', 'suspect:gust', 'suspect:range'])(
    'does not mind %s, which a working instrument may show',
    (flag) => {
      expect(createStation([fault({ readings: 1 })]).reads({}, { pressure: flag })).toEqual([]);
    },
  );

  it('watches the quantities it is told to', () => {
    const station = createStation([fault({ readings: 1, quantities: ['pressure'] })]);

    expect(station.reads({}, missing)).toEqual([]);
  });

  it('speaks again when one more fails, not when one of them recovers', () => {
    const station = createStation([fault({ readings: 1 })]);
    const one = { temperature: 'missing:bus' };
    const two = { ...one, rainheight: 'failed:range' };

    expect([one, two, two, one, two, {}].map((quality) => station.reads({}, quality))).toEqual([
      ['fault raised'],
      ['fault escalated'],
      [],
      [],
      [],
      ['fault cleared'],
    ]);
    expect(station.steps[1]?.event).toMatchObject({
      severity: 'warning',
      text: 'No valid value: temperature, rain (missing:bus, failed:range).',
    });
  });

  it('leaves the other rules on that quantity as they are', () => {
    const station = createStation([heatRule({ reminderMinutes: 1 }), fault()]);
    station.reads({ temperature: 36 });

    expect(station.readsFor(5, { temperature: null })).toEqual([]);
    expect(station.status()).toMatchObject([
      { rule: 'heat', state: 'active', text: 'Temperature is 36.0 °C; the warning limit is 35 °C.' },
      { rule: 'fault', state: 'normal' },
    ]);
    expect(station.reads({ temperature: 36 })).toEqual(['heat reminder']);
  });
});
