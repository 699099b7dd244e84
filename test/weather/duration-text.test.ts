import { describe, expect, it } from 'vitest';
import { durationText } from '../../src/weather/duration-text.ts';

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
    expect(durationText(seconds)).toBe(text);
  });
});
