import { describe, expect, it } from 'vitest';
import type { HistorySeries } from '../../../src/history/series.ts';
import {
  chartDefinitionsOf,
  extremesText,
  fromSeconds,
  lonely,
  sectorShares,
  verticalRange,
} from '../../../src/http/page/chart-definitions.ts';
import { quantityTable } from '../../../src/weather/quantities.ts';
import { emptyColumns } from '../../fakes/empty-columns.ts';

const chartDefinitions = chartDefinitionsOf(quantityTable);

describe('the charts', () => {
  it('leave room above and below, and blow up no flat line', () => {
    expect(verticalRange({ span: 2 }, 10, 20)).toEqual([9, 21]);
    expect(verticalRange({ span: 2 }, 10, 10)).toEqual([9, 11]);
  });

  it('begin at zero where nothing can be less', () => {
    expect(verticalRange({ min: 0, span: 10 }, 3, 40)).toEqual([0, 44]);
    expect(verticalRange({ min: 0, span: 10 }, 0, 0)).toEqual([0, 10]);
  });

  it('have a frame even with nothing in them', () => {
    expect(verticalRange({ span: 4 }, null, null)).toEqual([-2, 2]);
    expect(verticalRange({ min: 0, max: 360, span: 360 }, null, null)).toEqual([0, 360]);
  });

  it('begin with the span, or with the first reading of a station that is younger', () => {
    const hour = { untilSeconds: 10_000, minutes: 60 };

    expect(fromSeconds({ hasEarlier: true, time: [9_000] }, hour)).toBe(6_400);
    expect(fromSeconds({ hasEarlier: false, time: [9_000, 9_012] }, hour)).toBe(9_000);
    expect(fromSeconds({ hasEarlier: false, time: [9_990] }, hour)).toBe(9_700);
    expect(fromSeconds({ hasEarlier: false, time: [] }, hour)).toBe(6_400);
  });

  it('show a value without neighbours as a point, for which there is no line', () => {
    expect(lonely([1, null, 2, 3, null, 4])).toEqual([0, 5]);
    expect(lonely([null, 2])).toEqual([1]);
    expect(lonely([7])).toEqual([0]);
    expect(lonely([])).toEqual([]);
  });

  it('say what they span, and how much it rained', () => {
    const series = (values: Partial<HistorySeries['values']>): HistorySeries => ({
      minutes: 60,
      rowSeconds: 12,
      hasEarlier: true,
      time: [0, 12],
      values: { ...emptyColumns, ...values },
      flags: [],
    });
    const summaryOf = (title: string, values: Partial<HistorySeries['values']>): string | undefined => {
      const definition = chartDefinitions.find((each) => each.title.startsWith(title));
      return definition && extremesText(definition, series(values));
    };

    expect(summaryOf('Temperature', { temperature: [4.81, null, -2] })).toBe('−2.0 to 4.8 °C');
    expect(summaryOf('Temperature', { temperature: [4.81, 4.82] })).toBe('4.8 °C');
    expect(summaryOf('Rain', { rainheight: [0.2794, 0.2794] })).toBe('0.6 mm in all');
    expect(summaryOf('Wind direction', { winddirection: [10, 350] })).toBe('');
    expect(summaryOf('Pressure', { pressure: [null] })).toBe('nothing measured');
  });

  it('draw and write values in the units that were chosen', () => {
    const imperial = chartDefinitionsOf(quantityTable, 'imperial');
    const definitionOf = (title: string) => imperial.find((each) => each.title.startsWith(title));
    const values = { ...emptyColumns, temperature: [0, null, 100], rainheight: [25.4, null, 25.4] };
    const series = { minutes: 60, rowSeconds: 12, hasEarlier: true, time: [0, 12, 24], values, flags: [] };

    const temperature = definitionOf('Temperature');
    expect(temperature?.lines[0].of(values)).toEqual([32, null, 212]);
    expect(temperature && extremesText(temperature, series)).toBe('32.0 to 212.0 °F');
    expect(temperature?.range.span).toBeCloseTo(3.6);
    const rain = definitionOf('Rain');
    expect(rain && extremesText(rain, series)).toBe('2.00 in in all');
    expect(rain?.range.min).toBe(0);
    expect(definitionOf('Wind direction')?.range).toMatchObject({ min: 0, max: 360 });
    expect(definitionOf('Humidity')?.unit).toBe('%');
    expect(definitionOf('Wind and gusts')?.unit).toBe('mph');
  });

  it('add rain up, across what was not measured', () => {
    const rain = chartDefinitions.find(({ title }) => title.startsWith('Rain'))?.lines[0];
    expect(rain?.of({ ...emptyColumns, rainheight: [0, 0.25, null, 0.25] })).toEqual([0, 0.25, null, 0.5]);
  });

  it('show how often the wind came from each of sixteen sectors', () => {
    const shares = sectorShares([0, 359, 5, null, 90, 225]);

    expect(shares[0]).toBe(1);
    expect(shares[4]).toBeCloseTo(1 / 3);
    expect(shares[10]).toBeCloseTo(1 / 3);
    expect(sectorShares([null]).every((share) => share === 0)).toBe(true);
  });
});
