/** The part of the npm package bme280-sensor 0.1.7 that is used; it ships no types. */
declare module 'bme280-sensor' {
  class BME280 {
    readSensorData(): Promise<{ temperature_C: number; humidity: number; pressure_hPa: number }>;
  }
  export = BME280;
}
