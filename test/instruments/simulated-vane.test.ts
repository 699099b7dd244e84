import { describe, expect, it } from 'vitest';
import { vaneOhms } from '../../src/instruments/wind-vane/simulated.ts';

/** The sixteen resistances of the Weather Meter Kit's datasheet. */
const datasheetOhms = [
  33_000, 6_570, 8_200, 891, 1_000, 688, 2_200, 1_410, 3_900, 3_140, 16_000, 14_120, 120_000, 42_120, 64_900,
  21_880,
];

describe('the inside of the vane', () => {
  it.each(datasheetOhms.map((ohms, index) => [index * 22.5, ohms]))('has at %d° %d Ω', (degrees, ohms) => {
    expect(Math.abs(vaneOhms(degrees) / ohms - 1)).toBeLessThan(0.01);
  });

  it('goes round', () => {
    expect(vaneOhms(-22.5)).toBeCloseTo(vaneOhms(337.5), 6);
    expect(vaneOhms(360)).toBeCloseTo(vaneOhms(0), 6);
  });

  it('has narrow states between wide ones', () => {
    const ofHundredth = Array.from({ length: 4500 }, (_, index) => vaneOhms(index / 100));
    const between = ofHundredth.filter((ohms) => Math.abs(ohms - 6_570) < 10);

    expect(between.length).toBeGreaterThan(700);
    expect(between.length).toBeLessThan(1100);
  });
});
