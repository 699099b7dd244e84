import { describe, expect, it } from 'vitest';
import { heatRule } from '../fakes/pre-alert-rules.ts';
import { createStation } from './station.ts';

const hot = { temperature: 36 };
const hotter = { temperature: 39 };
const cool = { temperature: 20 };

describe('the delays of a rule', () => {
  it('begin anew when the condition ends before', () => {
    const station = createStation([heatRule({ onDelaySeconds: 60, offDelaySeconds: 60 })]);

    expect(station.readsFor(1, hot)).toEqual([]);
    expect(station.status()).toMatchObject([{ state: 'pending', severity: 'none', text: '' }]);
    station.reads(cool);
    expect(station.status()).toMatchObject([{ state: 'normal' }]);
    expect(station.readsFor(1, hot)).toEqual([]);
    expect(station.reads(hot)).toEqual(['heat raised']);
    expect(station.readsFor(1, cool)).toEqual([]);
    expect(station.status()).toMatchObject([{ state: 'clearing', severity: 'warning' }]);
    station.reads(hot);
    expect(station.readsFor(1, cool)).toEqual([]);
    expect(station.reads(cool)).toEqual(['heat cleared']);
  });

  it('hold for getting worse as well', () => {
    const station = createStation([heatRule({ onDelaySeconds: 24 })]);
    station.readsFor(1, hot);

    expect(
      [hotter, hotter, hot, hotter, hotter, hotter, hotter].map((values) => station.reads(values)),
    ).toEqual([[], [], [], [], [], ['heat escalated'], []]);
  });

  it('are not satisfied by a time that nobody observed', () => {
    const station = createStation([heatRule({ onDelaySeconds: 600 })], { intervalSeconds: 60 });
    station.reads(hot);
    const later = createStation([heatRule({ onDelaySeconds: 600 })], {
      intervalSeconds: 60,
      seconds: 7200,
      restored: JSON.parse(JSON.stringify(station.kept())),
    });

    expect(later.reads(hot)).toEqual([]);
    expect(later.readsFor(6, hot)).toEqual([]);
    expect(later.reads(hot)).toEqual(['heat raised']);
  });

  it('stand still while the value is not known', () => {
    const station = createStation([heatRule({ onDelaySeconds: 60 })]);
    expect(station.readsFor(0.8, hot)).toEqual([]);
    expect(station.readsFor(10, { temperature: null })).toEqual([]);

    expect(station.status()).toMatchObject([{ state: 'unknown', severity: 'none' }]);
    expect([hot, hot].map((values) => station.reads(values))).toEqual([[], ['heat raised']]);
  });
});

describe('reminders', () => {
  it('come each half hour while the rule is active, counted from its last event', () => {
    const station = createStation([heatRule()]);
    expect(station.reads(hot)).toEqual(['heat raised']);
    expect(station.readsFor(20, hot)).toEqual([]);
    expect(station.reads(hotter)).toEqual(['heat escalated']);

    expect(station.readsFor(29.8, hot)).toEqual([]);
    expect(station.reads(hot)).toEqual(['heat reminder']);
    expect(station.steps.at(-1)?.event.severity).toBe('alert');
    expect(station.readsFor(30, hot)).toEqual(['heat reminder']);
  });

  it('do not come while it is clearing, and never when there are to be none', () => {
    const clearing = createStation([heatRule({ offDelaySeconds: 86_400 })]);
    clearing.reads(hot);
    expect(clearing.readsFor(90, cool)).toEqual([]);

    const silent = createStation([heatRule({ reminderMinutes: 0 })]);
    silent.reads(hot);
    expect(silent.readsFor(90, hot)).toEqual([]);
  });
});

describe('the least interval', () => {
  it('keeps raising and clearing apart', () => {
    const station = createStation([heatRule({ minIntervalSeconds: 60 })]);

    expect([hot, cool, cool, cool, cool, cool].map((values) => station.reads(values))).toEqual([
      ['heat raised'],
      [],
      [],
      [],
      [],
      ['heat cleared'],
    ]);
    expect([hot, hot, hot, hot, hot].map((values) => station.reads(values))).toEqual([
      [],
      [],
      [],
      [],
      ['heat raised'],
    ]);
  });

  it('never holds back that it gets worse', () => {
    const station = createStation([heatRule({ minIntervalSeconds: 3600 })]);
    station.reads(hot);

    expect(station.reads(hotter)).toEqual(['heat escalated']);
  });
});

describe('chatter', () => {
  it('doubles the off-delay after the fourth change in ten minutes, until it has been quiet for an hour', () => {
    const station = createStation([heatRule({ offDelaySeconds: 120, reminderMinutes: 0 })]);
    const cycle = () => [...station.reads(hot), ...station.readsFor(2.2, cool)];
    expect(cycle()).toEqual(['heat raised', 'heat cleared']);
    expect(cycle()).toEqual(['heat raised', 'heat cleared']);

    expect(cycle()).toEqual(['heat raised']);
    expect(station.readsFor(2, cool)).toEqual(['heat cleared']);
    station.readsFor(59, cool);
    expect(cycle()).toEqual(['heat raised']);
    station.readsFor(70, cool);
    expect(cycle()).toEqual(['heat raised', 'heat cleared']);
  });

  it('delays the clearing of a rule that has no off-delay', () => {
    const station = createStation([heatRule()]);
    for (const values of [hot, cool, hot, cool, hot]) station.reads(values);

    expect(station.readsFor(2, cool)).toEqual([]);
    expect(station.reads(cool)).toEqual(['heat cleared']);
  });
});

describe('a flood', () => {
  const limits = Array.from({ length: 14 }, (_, index) =>
    heatRule({ id: `rule-${index + 1}`, reminderMinutes: 0 }),
  );
  const floodOf = (station: ReturnType<typeof createStation>) =>
    station.steps.filter(({ event }) => event.kind === 'flood').map(({ event }) => event.transition);

  it('is said once, holds warnings back, and lets alerts and clearings pass', () => {
    const station = createStation(limits);

    expect(station.reads(hot)).toEqual([
      ...limits.slice(0, 10).map(({ id }) => `${id} raised`),
      'flood raised',
    ]);
    expect(station.steps.at(-1)?.event).toMatchObject({
      kind: 'flood',
      severity: 'alert',
      value: 11,
      limit: 10,
    });
    expect(station.status().filter(({ state }) => state === 'active')).toHaveLength(14);
    // Who was not told of the warning is told of the alert as something new.
    expect(station.reads(hotter)).toEqual([
      ...limits.slice(0, 10).map(({ id }) => `${id} escalated`),
      ...limits.slice(10).map(({ id }) => `${id} raised`),
    ]);
    expect(station.reads(cool)).toEqual(limits.map(({ id }) => `${id} cleared`));
    expect(floodOf(station)).toEqual(['raised']);
    station.readsFor(10, cool);
    expect(floodOf(station)).toEqual(['raised', 'cleared']);
  });

  it('tells afterwards what it held back and is still so', () => {
    const station = createStation(limits);
    station.reads(hot);

    const afterwards = station.readsFor(10, hot);
    expect(afterwards).toEqual(['flood cleared', ...limits.slice(10).map(({ id }) => `${id} raised`)]);
  });

  it('says nothing of what it held back and is over', () => {
    const station = createStation(limits);
    station.reads(hot);

    expect(station.reads(cool)).toEqual(limits.slice(0, 10).map(({ id }) => `${id} cleared`));
    expect(station.readsFor(15, cool)).toEqual(['flood cleared']);
  });

  it('leaves the status of what it held back to what is known', () => {
    const station = createStation(limits);
    station.reads(hot);
    expect(station.status()[13]).toMatchObject({ state: 'active', text: expect.stringContaining('36.0 °C') });
    station.reads({ temperature: null });
    expect(station.status()[13]).toMatchObject({ state: 'active', text: '' });
  });

  it('holds reminders back', () => {
    const station = createStation(limits.map((rule) => ({ ...rule, reminderMinutes: 5 })));
    station.reads(hot);

    expect(station.readsFor(5, hot)).toEqual([]);
  });
});
