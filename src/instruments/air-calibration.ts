import { z } from 'zod';
import { decimalNumber } from '../config/fields.ts';

const scale = () =>
  decimalNumber(0.5, 2).default(1).describe('Factor on the measured value, before the offset. 0.5 to 2.');

export const temperatureCalibration = () =>
  z
    .strictObject({
      scale: scale(),
      offsetCelsius: decimalNumber(-20, 20).default(0).describe('Added to the temperature, °C. -20 to 20.'),
    })
    .prefault({});

export const humidityCalibration = () =>
  z
    .strictObject({
      scale: scale(),
      offsetPercent: decimalNumber(-30, 30).default(0).describe('Added to the humidity, %RH. -30 to 30.'),
    })
    .prefault({});

export const pressureCalibration = () =>
  z
    .strictObject({
      scale: scale(),
      offsetHpa: decimalNumber(-50, 50).default(0).describe('Added to the pressure, hPa. -50 to 50.'),
    })
    .prefault({});

export const CALIBRATION =
  'Corrections from a comparison with a reference: value × scale + offset, before the quality checks.';

/** Hysteresis of the humidity (data sheets): a value so little below 0 or above 100 %RH is dry or saturated air. */
const TOLERANCE_PERCENT = 1;

/** The corrected humidity, %RH. The quality checks find what is wrong after it. */
export const calibrateHumidity = (
  percent: number,
  { scale, offsetPercent }: z.output<ReturnType<typeof humidityCalibration>>,
): number => {
  const corrected = percent * scale + offsetPercent;
  const possible = Math.min(100, Math.max(0, corrected));
  return Math.abs(corrected - possible) <= TOLERANCE_PERCENT ? possible : corrected;
};

/** The corrected temperature, °C. */
export const calibrateTemperature = (
  celsius: number,
  { scale, offsetCelsius }: z.output<ReturnType<typeof temperatureCalibration>>,
): number => celsius * scale + offsetCelsius;
