import BME280 from 'bme280-sensor';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseCalibration } from '../../src/instruments/bme280/bme280-calibration.ts';
import { compensate } from '../../src/instruments/bme280/bme280-compensation.ts';
import { type Bme280Raw, burstOf, calibrationBlocks, workedExample } from '../fakes/bme280.ts';

const calibrationWith = (humidity: object = {}) => {
  const { calib00, calib26 } = calibrationBlocks({
    ...workedExample,
    H: { ...workedExample.H, ...humidity },
  });
  return parseCalibration(calib00, calib26);
};

const warm: Bme280Raw = { temperature: 519_888, pressure: 415_148, humidity: 30_000 };
const frost: Bme280Raw = { temperature: 380_000, pressure: 330_000, humidity: 28_000 };

describe('compensate', () => {
  // Datasheet 4.2.3 and appendix 8.1 computed independently; T and P of the first row are Bosch's own example.
  // The package carries t_fine on as an integer, which moves the pressure by up to 0.03 Pa of the double formula.
  it.each([
    { raw: warm, humidity: {}, celsius: 25.08, hPa: 1006.53267, percent: 55.0007 },
    { raw: frost, humidity: {}, celsius: -18.97, hPa: 1076.52432, percent: 43.0265 },
    { raw: warm, humidity: { H5: -20 }, celsius: 25.08, hPa: 1006.53267, percent: 56.2271 },
    { raw: warm, humidity: { H6: -30 }, celsius: 25.08, hPa: 1006.53267, percent: 52.5384 },
  ])('gives the golden values for $raw with $humidity', async ({ raw, humidity, ...golden }) => {
    const reading = await compensate(calibrationWith(humidity), burstOf(raw));

    expect(reading.temperatureCelsius).toBe(golden.celsius);
    expect(reading.pressureHpa).toBeCloseTo(golden.hPa, 3);
    expect(reading.humidityPercent).toBeCloseTo(golden.percent, 4);
  });

  it.each([
    [60_000, 100],
    [10_000, 0],
  ])('keeps the humidity of raw %i within 0 to 100 %%', async (humidity, percent) => {
    const reading = await compensate(calibrationWith(), burstOf({ ...warm, humidity }));

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

    await compensate(calibrationWith(), burstOf(warm));
    await new Promise(setImmediate);

    expect(isSilent).toEqual([true]);
    expect(process.noDeprecation).not.toBe(true);
    expect(warnings).toEqual([]);
  });
});
