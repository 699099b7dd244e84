import { describe, expect, it } from 'vitest';
import {
  compassPoint,
  errorCode,
  formatBytes,
  formatChange,
  formatDuration,
  formatError,
  formatFlag,
  formatNumber,
  formatWithUnit,
  parseJson,
} from '../../src/weather/format.ts';

describe('what comes from outside', () => {
  it('has its value where it is JSON', () => {
    expect(['{"a":[1]}', 'null', '', '{"a":'].map(parseJson)).toEqual([
      { a: [1] },
      null,
      undefined,
      undefined,
    ]);
  });

  it('has the code of its error where there is one', () => {
    const coded = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    expect([coded, new Error('a bug'), { code: 'ENOENT' }, null].map(errorCode)).toEqual([
      'ENOENT',
      '',
      '',
      '',
    ]);
  });

  it('has words for its error, also where that has none of its own', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 192.0.2.1:443'), { code: 'ECONNREFUSED' });
    const coded = Object.assign(new Error(''), { code: 'ETIMEDOUT' });
    const all = [
      new AggregateError([refused, coded]),
      new AggregateError([coded]),
      new TypeError(''),
      'text',
    ];
    expect(all.map(formatError)).toEqual([
      'connect ECONNREFUSED 192.0.2.1:443',
      'ETIMEDOUT',
      'TypeError',
      'text',
    ]);
  });
});

describe('numbers for people', () => {
  it('carry a true minus sign, and none on a zero', () => {
    expect([formatNumber(-3.25, 1), formatNumber(-0.04, 1), formatNumber(0)]).toEqual(['−3.3', '0.0', '0']);
  });

  it('group counts but not pressures', () => {
    expect([formatNumber(18_234), formatNumber(1009.3, 1)]).toEqual(['18,234', '1009.3']);
  });

  it('are a dash where nothing is known', () => {
    expect([formatNumber(null), formatWithUnit(undefined, '°C'), formatChange(null, 'hPa')]).toEqual([
      '–',
      '–',
      '–',
    ]);
  });

  it('tell which way a change goes', () => {
    expect([1.6, -1.6, 0.04].map((change) => formatChange(change, 'hPa'))).toEqual([
      '↗ +1.6 hPa',
      '↘ −1.6 hPa',
      '→ 0.0 hPa',
    ]);
  });

  it('name the nearest point of the compass', () => {
    expect([0, 11, 12, 225, 348, 349, 360].map(compassPoint)).toEqual([
      'N',
      'N',
      'NNE',
      'SW',
      'NNW',
      'N',
      'N',
    ]);
  });

  it('give sizes in the unit that fits', () => {
    expect([800, 2_400_000, 512_000_000].map(formatBytes)).toEqual(['1 kB', '2.4 MB', '512 MB']);
  });

  it('put flags in words', () => {
    expect(
      ['suspect:gust', 'suspect:dew-point', 'missing:no-answer', 'missing:missing', 'odd'].map(formatFlag),
    ).toEqual([
      'suspect: contradicts the mean',
      'suspect: dew point',
      'missing: no answer',
      'missing: not found',
      'odd',
    ]);
  });
});

describe('a duration for people', () => {
  it.each([
    [-3, '0 s'],
    [0, '0 s'],
    [0.4, '0 s'],
    [59.6, '1 min'],
    [61, '1 min 1 s'],
    [3_600, '1 h'],
    [5_400, '1 h 30 min'],
    [93_784, '1 d 2 h'],
    [86_400 * 30 + 59, '30 d'],
  ])('calls %d s %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});
