import { describe, expect, it } from 'vitest';
import { chartDefinitions, verticalRange } from '../../../src/http/page/chart-definitions.ts';
import { sectorShares } from '../../../src/http/page/wind-sectors.ts';

describe('the charts', () => {
  it('leave room above and below, and blow up no flat line', () => {
    expect(verticalRange({ least: 2 }, 10, 20)).toEqual([9, 21]);
    expect(verticalRange({ least: 2 }, 10, 10)).toEqual([9, 11]);
  });

  it('begin at zero where nothing can be less', () => {
    expect(verticalRange({ min: 0, least: 10 }, 3, 40)).toEqual([0, 44]);
    expect(verticalRange({ min: 0, least: 10 }, 0, 0)).toEqual([0, 10]);
  });

  it('have a frame even with nothing in them', () => {
    expect(verticalRange({ least: 4 }, null, null)).toEqual([-2, 2]);
    expect(verticalRange({ min: 0, max: 360, least: 360 }, null, null)).toEqual([0, 360]);
  });

  it('add rain up, across what was not measured', () => {
    const rain = chartDefinitions.find(({ title }) => title.startsWith('Rain'))?.lines[0];
    const none = {
      temperature: [],
      humidity: [],
      winddirection: [],
      windintensity: [],
      windgust: [],
      pressure: [],
    };

    expect(rain?.of({ ...none, rainheight: [0, 0.25, null, 0.25] })).toEqual([0, 0.25, null, 0.5]);
  });

  it('show how often the wind came from each of sixteen sectors', () => {
    const shares = sectorShares([0, 359, 5, null, 90, 225]);

    expect(shares[0]).toBe(1);
    expect(shares[4]).toBeCloseTo(1 / 3);
    expect(shares[10]).toBeCloseTo(1 / 3);
    expect(sectorShares([null]).every((share) => share === 0)).toBe(true);
  });
});
