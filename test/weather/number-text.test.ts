import { describe, expect, it } from 'vitest';
import {
  bytesText,
  changeText,
  compassPoint,
  flagText,
  numberText,
  withUnit,
} from '../../src/weather/number-text.ts';

describe('numbers for people', () => {
  it('carry a true minus sign, and none on a zero', () => {
    expect([numberText(-3.25, 1), numberText(-0.04, 1), numberText(0)]).toEqual(['−3.3', '0.0', '0']);
  });

  it('group counts but not pressures', () => {
    expect([numberText(18_234), numberText(1009.3, 1)]).toEqual(['18,234', '1009.3']);
  });

  it('are a dash where nothing is known', () => {
    expect([numberText(null), withUnit(undefined, '°C'), changeText(null, 'hPa')]).toEqual(['–', '–', '–']);
  });

  it('tell which way a change goes', () => {
    expect([1.6, -1.6, 0.04].map((change) => changeText(change, 'hPa'))).toEqual([
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
    expect([800, 2_400_000, 512_000_000].map(bytesText)).toEqual(['1 kB', '2.4 MB', '512 MB']);
  });

  it('put flags in words', () => {
    expect(['suspect:gust', 'suspect:dew-point', 'missing:no-answer', 'odd'].map(flagText)).toEqual([
      'suspect: contradicts the mean',
      'suspect: dew point',
      'missing: no answer',
      'odd',
    ]);
  });
});
