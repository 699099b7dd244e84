import type { GatewayConfig } from '../config/schema.ts';
import type { Bme280Reading } from './bme280/bme280-compensation.ts';

export type Calibration = NonNullable<NonNullable<GatewayConfig['sensors']['bme280']>['calibration']>;

/** Hysteresis of the BME280's humidity (data sheet): so near to saturated or dry air, a value beyond means just that. */
const TOLERANCE_PERCENT = 1;

/** Applies the corrections of a comparison with a reference: value × scale + offset. What is wrong then, the checks find. */
export const calibrate = (reading: Bme280Reading, calibration: Calibration | undefined): Bme280Reading => {
  if (calibration === undefined) return reading;
  const { temperature, humidity, pressure } = calibration;
  return {
    temperatureCelsius: reading.temperatureCelsius * temperature.scale + temperature.offsetCelsius,
    humidityPercent: saturated(reading.humidityPercent * humidity.scale + humidity.offsetPercent),
    pressureHpa: reading.pressureHpa * pressure.scale + pressure.offsetHpa,
  };
};

const saturated = (percent: number): number => {
  const possible = Math.min(100, Math.max(0, percent));
  return Math.abs(percent - possible) <= TOLERANCE_PERCENT ? possible : percent;
};
