import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compensate } from '../../src/instruments/bme280/compensation.ts';
import { burstOf, decompensate, typicalCoefficients } from '../../src/instruments/bme280/simulated.ts';
import { negativeHumidity } from '../fakes/bme280.ts';

describe("the simulated chip's converters", () => {
  // T and P of the first row: the BMP280 datasheet's worked example. The others: its formulas in double precision.
  it.each([
    { adc: [519_888, 415_148, 30_000], changed: {}, air: [25.0825, 100_653.267, 55.0007] },
    { adc: [380_000, 330_000, 28_000], changed: {}, air: [-18.969, 107_652.432, 43.0265] },
    { adc: [519_888, 415_148, 30_000], changed: { dig_H5: -20 }, air: [25.0825, 100_653.267, 56.2271] },
    { adc: [519_888, 415_148, 30_000], changed: { dig_H6: -30 }, air: [25.0825, 100_653.267, 52.5384] },
  ] as const)('give the golden vector $adc with $changed', ({ adc, changed, air }) => {
    const [temperatureC, pressurePa, humidityPercent] = air;

    const raw = decompensate(
      { temperatureC, pressurePa, humidityPercent },
      { ...typicalCoefficients, ...changed },
    );

    // The air is given to fewer digits than the converters resolve.
    expect(Math.abs(raw.adc_T - adc[0])).toBeLessThanOrEqual(2);
    expect(Math.abs(raw.adc_P - adc[1])).toBeLessThanOrEqual(2);
    expect(Math.abs(raw.adc_H - adc[2])).toBeLessThanOrEqual(2);
  });

  it('are undone by the compensation of the driver to a fraction of the noise', async () => {
    const airs = fc.record({
      temperatureC: fc.double({ min: -25, max: 60, noNaN: true }),
      pressurePa: fc.double({ min: 60_000, max: 108_000, noNaN: true }),
      humidityPercent: fc.double({ min: 1, max: 99, noNaN: true }),
    });

    await fc.assert(
      fc.asyncProperty(
        airs,
        fc.constantFrom(typicalCoefficients, negativeHumidity),
        async (air, coefficients) => {
          const reading = await compensate(coefficients, burstOf(decompensate(air, coefficients)));

          // The package calculates the temperature in integers and rounds it to hundredths of a degree.
          expect(Math.abs(reading.temperatureCelsius - air.temperatureC)).toBeLessThan(0.01);
          expect(Math.abs(100 * reading.pressureHpa - air.pressurePa)).toBeLessThan(1);
          expect(Math.abs(reading.humidityPercent - air.humidityPercent)).toBeLessThan(0.01);
        },
      ),
    );
  });
});
