import { describe, expect, it } from 'vitest';
import { heatRule, ruleOf } from '../fakes/pre-alert-rules.ts';
import { createStation } from './station.ts';

describe('a rule on a limit', () => {
  it('is raised at the limit, stays within the hysteresis, and is cleared below it', () => {
    const station = createStation([heatRule()]);

    expect(station.reads({ temperature: 34.9 })).toEqual([]);
    expect(station.reads({ temperature: 35 })).toEqual(['heat raised']);
    expect(station.reads({ temperature: 34.1 })).toEqual([]);
    expect(station.reads({ temperature: 35 })).toEqual([]);
    expect(station.reads({ temperature: 34 })).toEqual(['heat cleared']);
    expect(station.reads({ temperature: 34.9 })).toEqual([]);
  });

  it('is escalated once, and falls back only with its clearing', () => {
    const station = createStation([heatRule()]);

    expect([36, 38, 36, 38, 33, 38].map((temperature) => station.reads({ temperature }))).toEqual([
      ['heat raised'],
      ['heat escalated'],
      [],
      [],
      ['heat cleared'],
      ['heat raised'],
    ]);
    expect(station.steps.map(({ event }) => event.severity)).toEqual(['warning', 'alert', 'alert', 'alert']);
  });

  it('says in its event what happened', () => {
    const station = createStation([heatRule()]);
    for (const temperature of [36.24, 38.9, 33]) station.reads({ temperature });

    expect(station.steps.map(({ event }) => event)).toMatchObject([
      {
        rule: 'heat',
        kind: 'limit',
        quantity: 'temperature',
        severity: 'warning',
        transition: 'raised',
        value: 36.24,
        limit: 35,
        unit: '°C',
        minutestolimit: null,
        text: 'Temperature is 36.2 °C; the warning limit is 35 °C.',
        at: { monotonicMs: 0 },
      },
      { severity: 'alert', limit: 38, text: 'Temperature is 38.9 °C; the alert limit is 38 °C.' },
      { severity: 'alert', text: 'Temperature is 33.0 °C and well below the limit again.' },
    ]);
  });

  it('reminds of the limit that was reached while the value is on its way back', () => {
    const station = createStation([heatRule({ reminderMinutes: 1 })]);
    station.reads({ temperature: 38 });
    station.readsFor(1, { temperature: 36 });

    expect(station.steps[1]?.event).toMatchObject({
      transition: 'reminder',
      severity: 'alert',
      text: 'Temperature is 36.0 °C, after 38 °C, the alert limit, was reached.',
    });
  });

  it('may have one limit only, warning or alert', () => {
    const warning = createStation([heatRule({ alert: undefined })]);
    expect(warning.reads({ temperature: 60 })).toEqual(['heat raised']);
    expect(warning.steps[0]?.event).toMatchObject({ severity: 'warning', limit: 35 });

    const alert = createStation([heatRule({ warning: undefined })]);
    expect(alert.reads({ temperature: 37.9 })).toEqual([]);
    expect(alert.reads({ temperature: 38 })).toEqual(['heat raised']);
    expect(alert.reads({ temperature: 37.1 })).toEqual([]);
    expect(alert.steps[0]?.event).toMatchObject({ severity: 'alert', limit: 38 });
  });

  it('may watch for too little', () => {
    const station = createStation([
      heatRule({ id: 'frost', direction: 'below', warning: 2, alert: 0, hysteresis: 1 }),
    ]);

    expect([2.1, 2, 2.9, 0, 3].map((temperature) => station.reads({ temperature }))).toEqual([
      [],
      ['frost raised'],
      [],
      ['frost escalated'],
      ['frost cleared'],
    ]);
    expect(station.steps.at(-1)?.event.text).toBe('Temperature is 3.0 °C and well above the limit again.');
  });

  it.each([
    ['temperature', { temperature: 50 }],
    ['humidity', { humidity: 99 }],
    ['windintensity', { windintensity: 99 }],
    ['windgust', { windgust: 99 }],
    ['rainheight', { rainheight: 60 }],
    ['pressure', { pressure: 1050 }],
    ['windmaxgust', { windgust: 99 }],
    ['rainhour', { rainheight: 60 }],
    ['heatindex', { temperature: 40, humidity: 50 }],
  ] as const)('may be set on %s', (quantity, values) => {
    const station = createStation([heatRule({ quantity, warning: 50, alert: undefined })]);

    expect(station.reads(values)).toEqual(['heat raised']);
  });

  it('waits for its delays', () => {
    const station = createStation([
      ruleOf({
        id: 'heat',
        kind: 'limit',
        quantity: 'temperature',
        direction: 'above',
        warning: 35,
        hysteresis: 1,
      }),
    ]);

    expect(station.readsFor(1, { temperature: 36 })).toEqual([]);
    expect(station.reads({ temperature: 36 })).toEqual(['heat raised']);
    expect(station.readsFor(5, { temperature: 20 })).toEqual([]);
    expect(station.reads({ temperature: 20 })).toEqual(['heat cleared']);
  });

  it('judges the value of a substitute', () => {
    const station = createStation([heatRule()]);

    expect(station.reads({ temperature: 36 }, { temperature: 'suspect:substitute' })).toEqual([
      'heat raised',
    ]);
  });

  it('says what keeps it from being judged, active or not', () => {
    const wind = ruleOf({
      id: 'chill',
      kind: 'limit',
      quantity: 'windchill',
      direction: 'below',
      warning: -10,
      hysteresis: 1,
    });
    const station = createStation([heatRule(), wind]);
    station.reads({ temperature: 36 });
    station.reads({ temperature: 36 }, { temperature: 'suspect:stuck', windintensity: 'missing:bus' });

    expect(station.status()).toMatchObject([
      {
        state: 'active',
        text: expect.stringMatching(/limit.* Not judged: no good value of temperature \(suspect:stuck\)\.$/),
      },
      {
        state: 'unknown',
        severity: 'none',
        text: 'Not judged: no good value of temperature (suspect:stuck) and wind (missing:bus).',
      },
    ]);
    station.reads({ temperature: 20 });
    expect(station.status()[0]?.text).toBe('');
  });

  it('cites the limit of its own severity, also while the value is between the two, and no minus zero', () => {
    const station = createStation([
      heatRule({ quantity: 'temperature', warning: -0.04, alert: 2, hysteresis: 5 }),
    ]);
    station.reads({ temperature: -0.04 });
    station.readsFor(31, { temperature: -0.04 });

    expect(station.steps.map(({ event }) => [event.transition, event.limit, event.text])).toEqual([
      ['raised', -0.04, 'Temperature is 0.0 °C; the warning limit is -0.04 °C.'],
      ['reminder', -0.04, 'Temperature is 0.0 °C; the warning limit is -0.04 °C.'],
    ]);
  });
});
