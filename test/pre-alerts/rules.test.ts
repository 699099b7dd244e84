import { describe, expect, it } from 'vitest';
import type { PreAlertRule } from '../../src/config/pre-alerts-schema.ts';
import { qualitySchema } from '../../src/config/quality-schema.ts';
import { assessTrend, whyNeverJudged, whyNotJudged } from '../../src/pre-alerts/rules.ts';
import { derive } from '../../src/weather/derived.ts';
import { quantities } from '../../src/weather/quantities.ts';
import { RecentReadings } from '../../src/weather/recent-readings.ts';
import { measurementAt } from '../fakes/measurements.ts';
import { ruleOf } from '../fakes/pre-alert-rules.ts';

const limit = (quantity: string) =>
  ruleOf({ id: 'limit', kind: 'limit', quantity, direction: 'above', warning: 1, hysteresis: 0.5 });
const sensor = (quantities: readonly string[]) => ruleOf({ id: 'sensor', kind: 'sensor', quantities });
const trend = (written: object = {}) =>
  ruleOf({
    id: 'ahead',
    kind: 'trend',
    quantity: 'temperature',
    direction: 'above',
    limit: 40,
    minChange: 0.5,
    ...written,
  });

describe('why a rule can never be judged', () => {
  const why = (rule: PreAlertRule, ground: Partial<Parameters<typeof whyNeverJudged>[1]> = {}) =>
    whyNeverJudged(rule, {
      measured: new Set(['temperature', 'pressure', 'humidity'] as const),
      intervalMs: 12_000,
      elevationMetres: undefined,
      ...ground,
    });

  it('is that nothing measures its quantity, or what that is derived from', () => {
    expect(why(limit('temperature'))).toBeNull();
    expect(why(limit('windgust'))).toBe('nothing measures gust');
    expect(why(limit('windmean'))).toBe('nothing measures wind');
  });

  it('is that nothing measures any quantity of a sensor rule', () => {
    expect(why(sensor(['temperature', 'windgust']))).toBeNull();
    expect(why(sensor(['rainheight', 'windgust']))).toBe('nothing measures any of its quantities');
  });

  it('is that sea-level pressure needs an elevation', () => {
    expect(why(limit('sealevelpressure'))).toBe('sea-level pressure needs station.elevationMetres');
    expect(why(limit('sealevelpressure'), { elevationMetres: 100 })).toBeNull();
  });

  it('is that its window holds too few readings', () => {
    expect(why(trend())).toBeNull();
    expect(why(trend(), { intervalMs: 600_000 })).toMatch(
      /^its window of \d+ min holds \d of the \d+ values/,
    );
  });
});

it('a rule on sensors is always judged', () => {
  expect(whyNotJudged(sensor(['humidity']), measurementAt(0, {}, { humidity: 'missing:bus' }))).toBe('');
});

describe('that a limit is out of reach', () => {
  const limits = qualitySchema.parse({});
  const why = (written: Readonly<Record<string, unknown>>, elevationMetres = 751) =>
    whyNeverJudged(ruleOf({ hysteresis: 0, ...written }), {
      measured: new Set(quantities),
      intervalMs: 12_000,
      elevationMetres,
      limits,
    });

  it.each([
    ['temperature', 'above', 60.1],
    ['temperature', 'below', -40.1],
    ['humidity', 'above', 106],
    ['windgust', 'above', 409],
    ['windmaxgust', 'above', 409],
    ['windmean', 'above', 409],
    ['rainhour', 'above', 402],
    ['dewpoint', 'above', 61],
    ['heatindex', 'below', 26],
    ['windchill', 'above', 11],
    ['pressure', 'below', 499],
  ])('is said of %s %s %f', (quantity, direction, warning) => {
    expect(why({ kind: 'limit', quantity, direction, warning })).toContain('is outside');
  });

  it.each([
    ['windgust', 'above', 300],
    ['temperature', 'above', 60],
    ['temperature', 'below', 100],
    ['pressuretendency', 'below', -900],
    ['rainintensity', 'above', 2_000],
  ])('is not said of %s %s %f', (quantity, direction, warning) => {
    expect(why({ kind: 'limit', quantity, direction, warning })).toBeNull();
  });

  it('is said of rates and trends', () => {
    const rate = { kind: 'rate', quantity: 'temperature', direction: 'rising', windowMinutes: 30 };
    const ahead = { kind: 'trend', quantity: 'temperature', direction: 'above', minChange: 1 };
    expect(why({ ...rate, warning: 101 })).toContain('is outside');
    expect(why({ ...rate, warning: 99 })).toBeNull();
    expect(why({ ...ahead, limit: 61, hysteresis: undefined })).toContain('is outside');
  });

  it('is said of sea-level pressure above 750 m', () => {
    const low = { kind: 'limit', quantity: 'sealevelpressure', direction: 'below', warning: 980 };
    expect(why(low, 750)).toBeNull();
    expect(why(low)).toBe('sea-level pressure is not computed above 750 m');
  });
});

describe('the sentence of a trend', () => {
  it('names no time where the line no longer leads to the limit', () => {
    const rule = trend();
    if (rule.kind !== 'trend') throw new Error('no trend');
    const readings = Array.from({ length: 60 }, (_, minute) =>
      measurementAt(minute * 60, { temperature: 35 - minute / 20 }),
    );
    const recent = new RecentReadings(3 * 3_600_000, readings);
    const measurement = readings.at(-1);
    if (measurement === undefined) throw new Error('no reading');

    const assessment = assessTrend(rule, {
      measurement,
      derived: derive(recent, { intervalMs: 60_000, elevationMetres: undefined }),
      recent,
      intervalMs: 60_000,
    });
    expect(assessment?.sentence('warning')).toBe('Temperature is 32.0 °C and falls by 3 °C an hour.');
  });
});
