import { SensorError } from '../sensor.ts';

/** The trimming coefficients by their names in the datasheet (BST-BME280-DS001 table 16). */
export type Bme280Calibration = Readonly<
  Record<
    | 'dig_T1'
    | 'dig_T2'
    | 'dig_T3'
    | 'dig_P1'
    | 'dig_P2'
    | 'dig_P3'
    | 'dig_P4'
    | 'dig_P5'
    | 'dig_P6'
    | 'dig_P7'
    | 'dig_P8'
    | 'dig_P9'
    | 'dig_H1'
    | 'dig_H2'
    | 'dig_H3'
    | 'dig_H4'
    | 'dig_H5'
    | 'dig_H6',
    number
  >
>;

/** Where the coefficients lie in the chip: T1..P9 with H1 at the end, then H2..H6. */
export const CALIB00 = { register: 0x88, length: 26 } as const;
export const CALIB26 = { register: 0xe1, length: 7 } as const;

const isBlank = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => byte === 0x00) || bytes.every((byte) => byte === 0xff);

/** Two's complement of 12 bits from the signed high byte and the low nibble. */
const signed12 = (high: number, nibble: number): number => (high << 4) | nibble;

/**
 * `calib00` are the 26 bytes from 0x88, `calib26` the 7 bytes from 0xE1.
 * Throws `SensorError` `implausible` for blocks of only 0x00 or only 0xFF: a dead bus, or a chip still starting.
 */
export const parseCalibration = (calib00: Uint8Array, calib26: Uint8Array): Bme280Calibration => {
  // H1 has a block of its own value range: the 24 bytes before it decide.
  if (isBlank(calib00.subarray(0, 24)) || isBlank(calib26)) {
    throw new SensorError('implausible', 'BME280: the calibration reads as all 0x00 or all 0xFF');
  }
  const low = new DataView(calib00.buffer, calib00.byteOffset, calib00.byteLength);
  const high = new DataView(calib26.buffer, calib26.byteOffset, calib26.byteLength);
  const s16 = (register: number): number => low.getInt16(register - CALIB00.register, true);
  const u16 = (register: number): number => low.getUint16(register - CALIB00.register, true);
  const nibbles = high.getUint8(4);
  return {
    dig_T1: u16(0x88),
    dig_T2: s16(0x8a),
    dig_T3: s16(0x8c),
    dig_P1: u16(0x8e),
    dig_P2: s16(0x90),
    dig_P3: s16(0x92),
    dig_P4: s16(0x94),
    dig_P5: s16(0x96),
    dig_P6: s16(0x98),
    dig_P7: s16(0x9a),
    dig_P8: s16(0x9c),
    dig_P9: s16(0x9e),
    dig_H1: low.getUint8(0xa1 - CALIB00.register),
    dig_H2: high.getInt16(0, true),
    dig_H3: high.getUint8(2),
    dig_H4: signed12(high.getInt8(3), nibbles & 0x0f),
    dig_H5: signed12(high.getInt8(5), nibbles >> 4),
    dig_H6: high.getInt8(6),
  };
};
