import type { GatewayConfig } from '../config/schema.ts';
import type { Bme280Reading } from './bme280-compensation.ts';

export type Calibration = NonNullable<NonNullable<GatewayConfig['sensors']['bme280']>['calibration']>;

/** Applies the corrections of a comparison with a reference: value × scale + offset. */
export const calibrate = (reading: Bme280Reading, calibration: Calibration | undefined): Bme280Reading => {
  if (calibration === undefined) return reading;
  const { temperature, humidity, pressure } = calibration;
  return {
    temperatureCelsius: reading.temperatureCelsius * temperature.scale + temperature.offsetCelsius,
    // Near saturation a correction may lead past it; the air cannot.
    humidityPercent: Math.min(
      100,
      Math.max(0, reading.humidityPercent * humidity.scale + humidity.offsetPercent),
    ),
    pressureHpa: reading.pressureHpa * pressure.scale + pressure.offsetHpa,
  };
};
