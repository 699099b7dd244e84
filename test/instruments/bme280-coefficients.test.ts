import { describe, expect, it } from 'vitest';
import { parseCoefficients } from '../../src/instruments/bme280/compensation.ts';
import { typicalCoefficients } from '../../src/instruments/bme280/simulated.ts';
import { coefficientBlocks } from '../fakes/bme280.ts';

/** T1 to H1 and H2 to H6 as a chip with the typical coefficients sends them, put together by hand. */
const calib00 = Uint8Array.from([
  ...[0x70, 0x6b, 0x43, 0x67, 0x18, 0xfc],
  ...[0x7d, 0x8e, 0x43, 0xd6, 0xd0, 0x0b, 0x27, 0x0b, 0x8c, 0x00, 0xf9, 0xff],
  ...[0x8c, 0x3c, 0xf8, 0xc6, 0x70, 0x17],
  ...[0x00, 0x4b],
]);
const calib26 = Uint8Array.of(0x6a, 0x01, 0x00, 0x13, 0x29, 0x03, 0x1e);

describe('parseCoefficients', () => {
  it('gives every coefficient of the datasheet its type', () => {
    expect(parseCoefficients(calib00, calib26)).toEqual(typicalCoefficients);
  });

  it('is undone by storing them', () => {
    expect(coefficientBlocks(typicalCoefficients)).toEqual({ calib00, calib26 });
  });

  it.each([
    { dig_H2: -2 },
    { dig_H2: -32_768 },
    { dig_H4: -1 },
    { dig_H4: -2_048 },
    { dig_H4: 2_047 },
    { dig_H5: -20 },
    { dig_H5: -2_048 },
    { dig_H5: 2_047 },
    { dig_H6: -30 },
    { dig_H6: -128 },
  ])('keeps the sign of %o, which bme280-sensor loses', (changed) => {
    const blocks = coefficientBlocks({ ...typicalCoefficients, ...changed });

    expect(parseCoefficients(blocks.calib00, blocks.calib26)).toEqual({ ...typicalCoefficients, ...changed });
  });

  it('takes the nibbles of register 0xE5 for H4 and H5, with the signs of their high bytes', () => {
    const negative = Uint8Array.of(0x6a, 0x01, 0x00, 0xff, 0xc3, 0xfe, 0xe2);

    expect(parseCoefficients(calib00, negative)).toMatchObject({ dig_H4: -13, dig_H5: -20, dig_H6: -30 });
  });

  it.each([
    ['T1..P9', 0x00, 0],
    ['T1..P9', 0xff, 0],
    ['H2..H6', 0x00, 1],
    ['H2..H6', 0xff, 1],
  ])('refuses %s of only 0x%s', (_name, byte, block) => {
    const first = calib00.slice();
    const second = calib26.slice();
    if (block === 0) first.fill(byte, 0, 24);
    else second.fill(byte);

    expect(() => parseCoefficients(first, second)).toThrow(
      expect.objectContaining({ name: 'SensorError', code: 'implausible' }),
    );
  });

  it('reads blocks that are views into a larger buffer', () => {
    const shared = new Uint8Array(64);
    shared.set(calib00, 5);
    shared.set(calib26, 40);

    expect(parseCoefficients(shared.subarray(5, 31), shared.subarray(40, 47))).toEqual(typicalCoefficients);
  });
});
