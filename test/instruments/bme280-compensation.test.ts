import BME280 from 'bme280-sensor';
import { describe, expect, it, onTestFinished } from 'vitest';
import { compensate } from '../../src/instruments/bme280/compensation.ts';
import { burstOf, type RawSample, typicalCoefficients } from '../../src/instruments/bme280/simulated.ts';
import { workedExample } from '../fakes/bme280.ts';

const warm = workedExample;
const frost: RawSample = { adc_T: 380_000, adc_P: 330_000, adc_H: 28_000 };

describe('compensate', () => {
  // Datasheet 4.2.3 and appendix 8.1 computed independently; T and P of the first row are Bosch's own example.
  // The package carries t_fine on as an integer, which moves the pressure by up to 0.03 Pa of the double formula.
  it.each([
    { raw: warm, changed: {}, celsius: 25.08, hPa: 1006.53267, percent: 55.0007 },
    { raw: frost, changed: {}, celsius: -18.97, hPa: 1076.52432, percent: 43.0265 },
    { raw: warm, changed: { dig_H5: -20 }, celsius: 25.08, hPa: 1006.53267, percent: 56.2271 },
    { raw: warm, changed: { dig_H6: -30 }, celsius: 25.08, hPa: 1006.53267, percent: 52.5384 },
  ])('gives the golden values for $raw with $changed', async ({ raw, changed, ...golden }) => {
    const reading = await compensate({ ...typicalCoefficients, ...changed }, burstOf(raw));

    expect(reading.temperatureCelsius).toBe(golden.celsius);
    expect(reading.pressureHpa).toBeCloseTo(golden.hPa, 3);
    expect(reading.humidityPercent).toBeCloseTo(golden.percent, 4);
  });

  it.each([
    [60_000, 100],
    [10_000, 0],
  ])('keeps the humidity of raw %i within 0 to 100 %%', async (adc_H, percent) => {
    const reading = await compensate(typicalCoefficients, burstOf({ ...warm, adc_H }));

    expect(reading.humidityPercent).toBe(percent);
  });

  it('lets no deprecation warning of the package reach the log', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => {
      process.off('warning', onWarning);
    });
    // Makes `new Buffer` warn in any call, as a later Node may: the package's call must stay silent.
    const isSilent: (boolean | undefined)[] = [];
    const original = BME280.prototype.readSensorData;
    onTestFinished(() => {
      BME280.prototype.readSensorData = original;
    });
    BME280.prototype.readSensorData = function (this: BME280) {
      isSilent.push(process.noDeprecation);
      process.emitWarning('Buffer() is deprecated', 'DeprecationWarning', 'DEP0005');
      return original.call(this);
    };

    await compensate(typicalCoefficients, burstOf(warm));
    await new Promise(setImmediate);

    expect(isSilent).toEqual([true]);
    expect(process.noDeprecation).not.toBe(true);
    expect(warnings).toEqual([]);
  });
});
