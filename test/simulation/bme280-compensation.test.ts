import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { negativeHumidityCalibration, typicalCalibration } from '../../src/simulation/bme280-calibration.ts';
import { compensate, decompensate } from '../../src/simulation/bme280-compensation.ts';

describe("the chip's compensation", () => {
  // T and P of the first row: the BMP280 datasheet's worked example. The others: its formulas in double precision.
  it.each([
    { adc: [519_888, 415_148, 30_000], changed: {}, gives: [25.0825, 100_653.267, 55.0007] },
    { adc: [380_000, 330_000, 28_000], changed: {}, gives: [-18.969, 107_652.432, 43.0265] },
    { adc: [519_888, 415_148, 30_000], changed: { H5: -20 }, gives: [25.0825, 100_653.267, 56.2271] },
    { adc: [519_888, 415_148, 30_000], changed: { H6: -30 }, gives: [25.0825, 100_653.267, 52.5384] },
  ] as const)('gives the golden vector for $adc with $changed', ({ adc, changed, gives }) => {
    const [adc_T, adc_P, adc_H] = adc;

    const sample = compensate({ adc_T, adc_P, adc_H }, { ...typicalCalibration, ...changed });

    expect(sample.temperatureC).toBeCloseTo(gives[0], 3);
    expect(sample.pressurePa).toBeCloseTo(gives[1], 2);
    expect(sample.humidityPercent).toBeCloseTo(gives[2], 3);
  });

  it('is undone by its inverse to a fraction of the noise', () => {
    const samples = fc.record({
      temperatureC: fc.double({ min: -25, max: 60, noNaN: true }),
      pressurePa: fc.double({ min: 60_000, max: 108_000, noNaN: true }),
      humidityPercent: fc.double({ min: 1, max: 99, noNaN: true }),
    });
    const calibrations = fc.constantFrom(typicalCalibration, negativeHumidityCalibration);

    fc.assert(
      fc.property(samples, calibrations, (wanted, calibration) => {
        const result = compensate(decompensate(wanted, calibration), calibration);

        expect(Math.abs(result.temperatureC - wanted.temperatureC)).toBeLessThan(0.001);
        expect(Math.abs(result.pressurePa - wanted.pressurePa)).toBeLessThan(1);
        expect(Math.abs(result.humidityPercent - wanted.humidityPercent)).toBeLessThan(0.01);
      }),
    );
  });
});
