import { describe, expect, it } from 'vitest';
import { bme280, calibrate } from '../../src/instruments/bme280/bme280.ts';

const reading = { temperatureCelsius: 20, humidityPercent: 60, pressureHpa: 1_000, chipId: 0x60 };

const calibrated = (calibration: object, measured = reading) =>
  calibrate(measured, bme280.schema.parse({ calibration }).calibration);

describe('the calibration', () => {
  it('changes nothing where none is configured', () => {
    expect(calibrate(reading, undefined)).toBe(reading);
    expect(calibrated({})).toEqual(reading);
  });

  it('is value × scale + offset', () => {
    const corrections = {
      temperature: { scale: 1.1, offsetCelsius: -0.5 },
      humidity: { scale: 0.9, offsetPercent: 2 },
      pressure: { scale: 1.001, offsetHpa: -1 },
    };

    expect(calibrated(corrections)).toEqual({
      temperatureCelsius: 21.5,
      chipId: 0x60,
      humidityPercent: 56,
      pressureHpa: expect.closeTo(1_000, 9),
    });
  });

  it.each([
    [99, 2, 100],
    [1, -2, 0],
    [99, 3, 102],
    [1, -3, -2],
  ])(
    'takes up to 1 %%RH beyond for saturated or dry, and leaves more to the checks: %i %% and %i',
    (humidityPercent, offsetPercent, expected) => {
      expect(
        calibrated({ humidity: { offsetPercent } }, { ...reading, humidityPercent }).humidityPercent,
      ).toBe(expected);
    },
  );
});
