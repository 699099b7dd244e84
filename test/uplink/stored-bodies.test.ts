import { describe, expect, it } from 'vitest';
import { readingBodySchema, timeOf } from '../../src/uplink/outgoing.ts';
import { instantAt, measurementAt } from '../fakes/measurements.ts';

describe('stored bodies', () => {
  it('tell when their record was taken', () => {
    expect(timeOf(measurementAt(7))).toEqual(instantAt(7));
    expect(timeOf({ at: instantAt(8), rule: 'heat' })).toEqual(instantAt(8));
    expect(timeOf('nonsense')).toBeNull();
  });

  it('take a quantity that their version did not know for not measured', () => {
    const { at } = measurementAt(1);

    expect(readingBodySchema.parse({ at, values: { temperature: 3 }, quality: {} }).values).toEqual({
      temperature: 3,
      humidity: null,
      winddirection: null,
      windintensity: null,
      windgust: null,
      rainheight: null,
      pressure: null,
    });
  });
});
