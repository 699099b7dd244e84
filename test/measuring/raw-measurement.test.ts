import { describe, expect, it } from 'vitest';
import { qualitySchema } from '../../src/config/quality-schema.ts';
import type { Measured } from '../../src/instruments/instrument.ts';
import type { Outcome } from '../../src/instruments/station-instruments.ts';
import { combine } from '../../src/measuring/sampler.ts';
import { createQualityControl } from '../../src/quality/quality-control.ts';
import { type QuantityRecord, type QuantityTable, quantityTable } from '../../src/weather/quantities.ts';
import { instantAt, rawAt } from '../fakes/measurements.ts';

const at = instantAt(12);
const away = { code: 'missing', message: 'no answer' } as const;

const gives = (values: Measured['values'], more: Partial<Measured> = {}): Outcome => ({
  quantities: Object.keys(values) as Outcome['quantities'],
  fault: null,
  measured: { values, ...more },
});

describe('a measurement of several instruments', () => {
  it('takes each quantity from the first that has a value', () => {
    const { raw } = combine(at, [gives({ temperature: 20 }), gives({ temperature: 22, humidity: 60 })]);

    expect(raw).toMatchObject({ values: { temperature: 20, humidity: 60 }, faults: {}, doubts: {} });
  });

  it('flags the value of a substitute, whatever that doubts itself', () => {
    const { raw } = combine(at, [
      { quantities: ['temperature', 'rainheight'], fault: away, measured: null },
      gives({ temperature: 22, rainheight: 1 }, { doubts: { rainheight: 'suspect:bounce' } }),
    ]);

    expect(raw.values).toMatchObject({ temperature: 22, rainheight: 1 });
    expect(raw.doubts).toEqual({ temperature: 'suspect:substitute', rainheight: 'suspect:substitute' });
  });

  it('passes on why an instrument that works has no value', () => {
    const { raw } = combine(at, [
      gives({ temperature: 20, humidity: null }, { faults: { humidity: 'missing:implausible' } }),
    ]);

    expect(raw).toMatchObject({ values: { temperature: 20 }, faults: { humidity: 'missing:implausible' } });
  });

  it('gives the reason of the first where none has a value', () => {
    const { raw } = combine(at, [
      { quantities: ['temperature'], fault: away, measured: null },
      { quantities: ['temperature'], fault: { code: 'bus', message: 'held low' }, measured: null },
    ]);

    expect(raw).toMatchObject({ values: { temperature: null }, faults: { temperature: 'missing:missing' } });
  });

  it('reports counts behind a fault with the next reading, unless a substitute has reported them', () => {
    const counted = { values: { rainheight: 3 } };
    const lost: Outcome = { quantities: ['rainheight'], fault: away, measured: counted };

    expect(combine(at, [lost]).reported).toEqual([]);
    expect(combine(at, [lost, gives({ rainheight: 2 })]).reported).toEqual([
      counted,
      { values: { rainheight: 2 } },
    ]);
  });

  it('has an optional quantity only where an instrument measures it', () => {
    const soil: QuantityRecord = { ...quantityTable.temperature, name: 'Soil', optional: true };
    const table = { ...quantityTable, soiltemperature: soil } as QuantityTable;
    const measured = { soiltemperature: 12 } as Measured['values'];

    expect(combine(at, [gives({ temperature: 20 })], table).raw.values).not.toHaveProperty('soiltemperature');
    expect(combine(at, [gives(measured)], table).raw.values).toMatchObject({
      ...measured,
      temperature: null,
    });
  });
});

describe('quality control of a substitute', () => {
  const limits = qualitySchema.parse({});

  it('compares no value with one of another instrument, and lets no other doubt hide the substitute', () => {
    const control = createQualityControl({ limits, intervalMs: 12_000 });
    const substitute = { temperature: 'suspect:substitute' };
    const judged = (seconds: number, temperature: number, doubts: object = {}) => {
      const { values, quality } = control.check({ ...rawAt(seconds, { temperature }), doubts });
      return [values.temperature, quality.temperature];
    };

    expect([judged(12, 15), judged(24, 15.1)]).toEqual([
      [15, undefined],
      [15.1, undefined],
    ]);
    expect([judged(36, 30, substitute), judged(48, 34, substitute), judged(60, 99, substitute)]).toEqual([
      [30, 'suspect:substitute'],
      [34, 'suspect:substitute'],
      [null, 'failed:range'],
    ]);
    expect(judged(72, 15.2)).toEqual([15.2, undefined]);
  });
});
