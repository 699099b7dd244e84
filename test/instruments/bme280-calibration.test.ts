import { describe, expect, it } from 'vitest';
import { parseCalibration } from '../../src/instruments/bme280/bme280-calibration.ts';
import { calibrationBlocks, workedExample } from '../fakes/bme280.ts';

const parse = (humidity: Partial<typeof workedExample.H | Record<string, number>> = {}) => {
  const { calib00, calib26 } = calibrationBlocks({
    ...workedExample,
    H: { ...workedExample.H, ...humidity },
  });
  return parseCalibration(calib00, calib26);
};

describe('parseCalibration', () => {
  it('gives every coefficient of the datasheet its type', () => {
    expect(parse()).toEqual({
      dig_T1: 27504,
      dig_T2: 26435,
      dig_T3: -1000,
      dig_P1: 36477,
      dig_P2: -10685,
      dig_P3: 3024,
      dig_P4: 2855,
      dig_P5: 140,
      dig_P6: -7,
      dig_P7: 15500,
      dig_P8: -14600,
      dig_P9: 6000,
      dig_H1: 75,
      dig_H2: 362,
      dig_H3: 0,
      dig_H4: 313,
      dig_H5: 50,
      dig_H6: 30,
    });
  });

  it.each([
    { H2: -2 },
    { H2: -32_768 },
    { H4: -1 },
    { H4: -2_048 },
    { H4: 2_047 },
    { H5: -20 },
    { H5: -2_048 },
    { H5: 2_047 },
    { H6: -30 },
    { H6: -128 },
  ])('keeps the sign of %o, which bme280-sensor loses', (humidity) => {
    const [[name, value] = ['', 0]] = Object.entries(humidity);

    expect(parse(humidity)).toMatchObject({ [`dig_${name}`]: value });
  });

  it.each([
    ['T1..P9', 0x00, 0],
    ['T1..P9', 0xff, 0],
    ['H2..H6', 0x00, 1],
    ['H2..H6', 0xff, 1],
  ])('refuses %s of only 0x%s', (_name, byte, block) => {
    const { calib00, calib26 } = calibrationBlocks(workedExample);
    if (block === 0) calib00.fill(byte, 0, 24);
    else calib26.fill(byte);

    expect(() => parseCalibration(calib00, calib26)).toThrow(
      expect.objectContaining({ name: 'SensorError', code: 'implausible' }),
    );
  });

  it('reads blocks that are views into a larger buffer', () => {
    const { calib00, calib26 } = calibrationBlocks(workedExample);
    const shared = new Uint8Array(64);
    shared.set(calib00, 5);
    shared.set(calib26, 40);

    expect(parseCalibration(shared.subarray(5, 31), shared.subarray(40, 47))).toEqual(parse());
  });
});
