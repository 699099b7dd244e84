// How the package bme280-sensor is used: for its compensation formulas alone, on an object that its constructor never
// saw. The rest of it cannot be used in a daemon: the constructor opens a bus of its own and blocks, init() can end the
// process, loading the coefficients loses the signs of H2, H4, H5 and H6, and a browned-out chip reads as weather.
/// <reference path="./bme280-sensor-package.d.ts" />
import BME280 from 'bme280-sensor';
import { SensorError } from '../instrument-health.ts';

type Field = {
  readonly get: (view: DataView, register: number) => number;
  readonly set: (view: DataView, register: number, value: number) => void;
};

const u16: Field = {
  get: (view, register) => view.getUint16(register, true),
  set: (view, register, value) => view.setUint16(register, value, true),
};
const s16: Field = {
  get: (view, register) => view.getInt16(register, true),
  set: (view, register, value) => view.setInt16(register, value, true),
};
const u8: Field = {
  get: (view, register) => view.getUint8(register),
  set: (view, register, value) => view.setUint8(register, value),
};
const s8: Field = {
  get: (view, register) => view.getInt8(register),
  set: (view, register, value) => view.setInt8(register, value),
};
/** 12 bits: a signed high byte and the low nibble of register 0xE5. */
const h4: Field = {
  get: (view, register) => (view.getInt8(register) << 4) | (view.getUint8(register + 1) & 0x0f),
  set: (view, register, value) => {
    view.setInt8(register, value >> 4);
    view.setUint8(register + 1, (view.getUint8(register + 1) & 0xf0) | (value & 0x0f));
  },
};
/** 12 bits: a signed high byte and the high nibble of register 0xE5. */
const h5: Field = {
  get: (view, register) => (view.getInt8(register) << 4) | (view.getUint8(register - 1) >> 4),
  set: (view, register, value) => {
    view.setInt8(register, value >> 4);
    view.setUint8(register - 1, ((value & 0x0f) << 4) | (view.getUint8(register - 1) & 0x0f));
  },
};

/** Where the chip keeps its trimming coefficients (BST-BME280-DS001 table 16). */
const memoryMap = {
  dig_T1: [0x88, u16],
  dig_T2: [0x8a, s16],
  dig_T3: [0x8c, s16],
  dig_P1: [0x8e, u16],
  dig_P2: [0x90, s16],
  dig_P3: [0x92, s16],
  dig_P4: [0x94, s16],
  dig_P5: [0x96, s16],
  dig_P6: [0x98, s16],
  dig_P7: [0x9a, s16],
  dig_P8: [0x9c, s16],
  dig_P9: [0x9e, s16],
  dig_H1: [0xa1, u8],
  dig_H2: [0xe1, s16],
  dig_H3: [0xe3, u8],
  dig_H4: [0xe4, h4],
  dig_H5: [0xe6, h5],
  dig_H6: [0xe7, s8],
} as const satisfies Readonly<Record<string, readonly [register: number, field: Field]>>;

type Name = keyof typeof memoryMap;

const entries = Object.entries(memoryMap) as [Name, (typeof memoryMap)[Name]][];

/** The trimming coefficients of one chip, by their names in the datasheet. */
export type Bme280Coefficients = Readonly<Record<Name, number>>;

/** The two blocks to read: T1..P9 with H1 at the end, then H2..H6. */
export const CALIB00 = { register: 0x88, length: 26 } as const;
export const CALIB26 = { register: 0xe1, length: 7 } as const;

/** What a bus gives on which nothing answers. */
export const isBlank = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => byte === 0x00) || bytes.every((byte) => byte === 0xff);

/**
 * `calib00` are the 26 bytes from 0x88, `calib26` the 7 bytes from 0xE1; a BMP280 has none of the latter.
 * Throws `SensorError` `implausible` for blocks of only 0x00 or only 0xFF: a dead bus, or a chip still starting.
 */
export const parseCoefficients = (calib00: Uint8Array, calib26: Uint8Array | null): Bme280Coefficients => {
  // H1 has a range of its own: the 24 bytes before it decide.
  if (isBlank(calib00.subarray(0, 24)) || (calib26 !== null && isBlank(calib26))) {
    throw new SensorError('implausible', 'BME280: the calibration reads as all 0x00 or all 0xFF');
  }
  const registers = new Uint8Array(0x100);
  registers.set(calib00, CALIB00.register);
  registers.set(calib26 ?? [], CALIB26.register);
  const view = new DataView(registers.buffer);
  const values = entries.map(([name, [register, field]]) => [name, field.get(view, register)]);
  return Object.fromEntries(values) as Bme280Coefficients;
};

/** Writes coefficients where the chip keeps them. `registers` are all 256 of the chip. */
export const storeCoefficients = (coefficients: Bme280Coefficients, registers: Uint8Array): void => {
  const view = new DataView(registers.buffer, registers.byteOffset);
  for (const [name, [register, field]] of entries) field.set(view, register, coefficients[name]);
};

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
