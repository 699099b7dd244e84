/** Trimming parameters of one BME280 (BST-BME280-DS001 table 16). */
export type Bme280Calibration = {
  readonly T1: number;
  readonly T2: number;
  readonly T3: number;
  /** P1 to P9. */
  readonly P: readonly [number, number, number, number, number, number, number, number, number];
  readonly H1: number;
  readonly H2: number;
  readonly H3: number;
  readonly H4: number;
  readonly H5: number;
  readonly H6: number;
};

/** T and P of the BMP280 datasheet's worked example, H of a typical chip. */
export const typicalCalibration: Bme280Calibration = {
  T1: 27504,
  T2: 26435,
  T3: -1000,
  P: [36477, -10685, 3024, 2855, 140, -7, 15500, -14600, 6000],
  H1: 75,
  H2: 362,
  H3: 0,
  H4: 313,
  H5: 50,
  H6: 30,
};

/** Chips like this exist; a driver that loses the signs of H5 and H6 reads them some percent wrong. */
export const negativeHumidityCalibration: Bme280Calibration = { ...typicalCalibration, H5: -20, H6: -30 };

/** Writes the parameters where the chip keeps them: 0x88 to 0xA1 and 0xE1 to 0xE7. */
export const encodeCalibration = (calibration: Bme280Calibration, registers: Uint8Array): void => {
  const view = new DataView(registers.buffer, registers.byteOffset);
  const { T1, T2, T3, P, H1, H2, H3, H4, H5, H6 } = calibration;
  view.setUint16(0x88, T1, true);
  view.setInt16(0x8a, T2, true);
  view.setInt16(0x8c, T3, true);
  view.setUint16(0x8e, P[0], true);
  P.slice(1).forEach((value, index) => {
    view.setInt16(0x90 + 2 * index, value, true);
  });
  view.setUint8(0xa1, H1);
  view.setInt16(0xe1, H2, true);
  view.setUint8(0xe3, H3);
  // H4 and H5 are 12 bits each and share the nibbles of 0xE5.
  view.setInt8(0xe4, H4 >> 4);
  view.setUint8(0xe5, (H4 & 0x0f) | ((H5 & 0x0f) << 4));
  view.setInt8(0xe6, H5 >> 4);
  view.setInt8(0xe7, H6);
};
