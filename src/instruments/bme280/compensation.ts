// How the package bme280-sensor is used: for its compensation formulas alone, on an object that its constructor never
// saw. The rest of it cannot be used in a daemon: the constructor opens a bus of its own and blocks, init() can end the
// process, loading the coefficients loses the signs of H2, H4, H5 and H6, and a browned-out chip reads as weather.
/// <reference path="./bme280-sensor-package.d.ts" />
import BME280 from 'bme280-sensor';
import type { Bme280Coefficients } from './coefficients.ts';

export type Bme280Values = {
  readonly temperatureCelsius: number;
  readonly humidityPercent: number;
  /** At the station, not reduced to sea level. */
  readonly pressureHpa: number;
};

type BlockRead = (error: null, bytesRead: number, buffer: Uint8Array) => void;

/** Stands in for the bus: hands over the burst that was read already. */
const busOf = (burst: Uint8Array) => ({
  readI2cBlock: (...args: readonly [...unknown[], BlockRead]) =>
    (args.at(-1) as BlockRead)(null, burst.length, burst),
});

/** readSensorData() calls `new Buffer`; DEP0005 must not reach the log at every start. */
const withoutDeprecationWarnings = <T>(act: () => T): T => {
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    return act();
  } finally {
    process.noDeprecation = noDeprecation ?? false;
  }
};

/** `burst` are the 8 bytes from 0xF7, read at once so that they belong to one measurement (datasheet 4.1). */
export const compensate = async (
  coefficients: Bme280Coefficients,
  burst: Uint8Array,
): Promise<Bme280Values> => {
  const sensor: BME280 = Object.assign(Object.create(BME280.prototype), {
    cal: coefficients,
    i2cBus: busOf(burst),
  });
  const data = await withoutDeprecationWarnings(() => sensor.readSensorData());
  return {
    temperatureCelsius: data.temperature_C,
    humidityPercent: data.humidity,
    pressureHpa: data.pressure_hPa,
  };
};
