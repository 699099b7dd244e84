import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meanDirectionDegrees } from '../../src/weather/derived.ts';

describe('the mean direction', () => {
  it.each([
    [[350, 10], 0],
    [[340, 350], 345],
    [[90], 90],
    [[0, 0, 90], 26.565],
    [[180, 270], 225],
  ])('of %o is %f°', (directions, expected) => {
    const mean = meanDirectionDegrees(directions) ?? Number.NaN;

    expect(Math.abs(((mean - expected + 540) % 360) - 180)).toBeLessThan(0.001);
  });

  it.each([[[]], [[0, 180]], [[45, 135, 225, 315]]])('of %o does not exist', (directions: number[]) => {
    expect(meanDirectionDegrees(directions)).toBeNull();
  });

  it('is within 0 to below 360 whatever the directions', async () => {
    await fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 360, noNaN: true }), { minLength: 1 }), (directions) => {
        const mean = meanDirectionDegrees(directions);
        return mean === null || (mean >= 0 && mean < 360);
      }),
    );
  });
});
