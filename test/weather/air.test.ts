import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dewPoint, heatIndex, seaLevelPressure, windChill } from '../../src/weather/derived.ts';

const celsius = (fahrenheit: number): number => (fahrenheit - 32) / 1.8;
const fahrenheit = (value: number | null): number => Math.round((value ?? Number.NaN) * 1.8 + 32);

describe('the dew point', () => {
  it.each([
    // WMO-No. 8 annex 4.B formulas, computed independently.
    [20, 50, 9.26],
    [30, 80, 26.17],
    [0, 100, 0],
    [-20, 70, -24.07],
  ])('of air of %d °C and %d %%RH is %d °C', (temperature, humidity, expected) => {
    expect(dewPoint(temperature, humidity)).toBeCloseTo(expected, 1);
  });

  it('is unknown outside the range of the formula, in air without water, or without a value', () => {
    expect(dewPoint(-45, 50)).not.toBeNull();
    expect(dewPoint(-45.1, 50)).toBeNull();
    expect(dewPoint(60, 50)).not.toBeNull();
    expect(dewPoint(60.1, 50)).toBeNull();
    expect(dewPoint(20, 0)).toBeNull();
    expect(dewPoint(null, 50)).toBeNull();
    expect(dewPoint(20, null)).toBeNull();
  });

  it('never lies above the temperature up to 100 %RH', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -45, max: 60, noNaN: true }),
        fc.double({ min: 0.1, max: 100, noNaN: true }),
        (temperature, humidity) => (dewPoint(temperature, humidity) ?? 99) <= temperature + 1e-9,
      ),
    );
  });
});

describe('the pressure at sea level', () => {
  const air = { pressureHpa: 1000, temperatureC: 15, humidityPercent: 50, elevationMetres: 100 };

  it('is that of the station at sea level, and about 1 hPa per 8.4 m more above it', () => {
    expect(seaLevelPressure({ ...air, elevationMetres: 0 })).toBe(1000);
    expect(seaLevelPressure(air)).toBeCloseTo(1011.87, 1);
    expect(seaLevelPressure({ ...air, elevationMetres: 750, temperatureC: 10 })).toBeCloseTo(1093.6, 1);
  });

  it('is unknown without the height, above 750 m, or without a value', () => {
    expect(seaLevelPressure({ ...air, elevationMetres: undefined })).toBeNull();
    expect(seaLevelPressure({ ...air, elevationMetres: 751 })).toBeNull();
    expect(seaLevelPressure({ ...air, pressureHpa: null })).toBeNull();
    expect(seaLevelPressure({ ...air, temperatureC: null })).toBeNull();
  });

  it('takes the air for dry where humidity is missing, with a small error', () => {
    const warm = { pressureHpa: 930, temperatureC: 25, humidityPercent: 63, elevationMetres: 750 };
    const errorHpa = (elevationMetres: number): number =>
      (seaLevelPressure({ ...warm, elevationMetres, humidityPercent: null }) ?? 0) -
      (seaLevelPressure({ ...warm, elevationMetres }) ?? 0);

    expect(errorHpa(100)).toBeCloseTo(0.1, 1);
    expect(errorHpa(750)).toBeCloseTo(0.7, 1);
  });
});

describe('the heat index', () => {
  it.each([
    // The chart of the US National Weather Service, °F, whole degrees.
    [82, 45, 82],
    [90, 50, 95],
    [90, 70, 105],
    [100, 40, 109],
    [86, 90, 105],
    [96, 65, 121],
  ])('of %d °F and %d %%RH is %d °F within its 1.3 °F', (temperature, humidity, expected) => {
    expect(Math.abs(fahrenheit(heatIndex(celsius(temperature), humidity)) - expected)).toBeLessThanOrEqual(1);
  });

  it('is lowered in very dry air and raised in very humid air', () => {
    expect(heatIndex(celsius(95), 12)).toBeCloseTo(32.263, 3);
    // Continuous where the adjustments begin.
    expect(heatIndex(35, 12.999)).toBeCloseTo(heatIndex(35, 13) ?? 0, 2);
    expect(heatIndex(celsius(84), 85.001)).toBeCloseTo(heatIndex(celsius(84), 85) ?? 0, 2);
    expect(heatIndex(celsius(86.999), 95)).toBeCloseTo(heatIndex(celsius(87), 95) ?? 0, 2);
  });

  it('is not defined below 80 °F, above 112 °F, or without a value', () => {
    expect(heatIndex(26.6, 80)).toBeNull();
    expect(heatIndex(26.7, 80)).not.toBeNull();
    expect(heatIndex(26.8, 5)).toBeNull();
    expect(heatIndex(44.4, 20)).not.toBeNull();
    expect(heatIndex(44.5, 20)).toBeNull();
    expect(heatIndex(null, 50)).toBeNull();
    expect(heatIndex(30, null)).toBeNull();
  });
});

describe('the wind chill', () => {
  it.each([
    // The chart of Environment Canada, whole °C.
    [0, 10, -3],
    [-10, 30, -20],
    [-25, 50, -42],
    [5, 5, 4],
  ])('of %d °C in a wind of %d km/h is %d °C', (temperature, wind, expected) => {
    expect(Math.round(windChill(temperature, wind) ?? Number.NaN)).toBe(expected);
  });

  it('is not defined above 10 °C, in a breath of wind, or without a value', () => {
    expect(windChill(10, 4.9)).not.toBeNull();
    expect(windChill(10.1, 20)).toBeNull();
    expect(windChill(0, 4.8)).toBeNull();
    expect(windChill(null, 20)).toBeNull();
    expect(windChill(0, null)).toBeNull();
  });
});
