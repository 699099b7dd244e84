// What the converters of a BME280 give in some air: the inverse of the datasheet's double precision formulas
// (BST-BME280-DS001 appendix 8.1). The driver compensates with the package bme280-sensor, so the two check each other.
import { gaussian } from '../../simulation/noise.ts';
import type { Bme280Coefficients } from './coefficients.ts';
import type { Conversion, RawSample } from './simulated-chip.ts';

export type AirSample = {
  readonly temperatureC: number;
  readonly pressurePa: number;
  readonly humidityPercent: number;
};

const fineTemperature = (adc_T: number, coefficients: Bme280Coefficients): number => {
  const { dig_T1: T1, dig_T2: T2, dig_T3: T3 } = coefficients;
  const linear = (adc_T / 16384 - T1 / 1024) * T2;
  const square = (adc_T / 131072 - T1 / 8192) ** 2 * T3;
  return linear + square;
};

const pressurePa = (adc_P: number, t_fine: number, coefficients: Bme280Coefficients): number => {
  const { dig_P1: P1, dig_P2: P2, dig_P3: P3, dig_P4: P4, dig_P5: P5 } = coefficients;
  const { dig_P6: P6, dig_P7: P7, dig_P8: P8, dig_P9: P9 } = coefficients;
  const half = t_fine / 2 - 64000;
  const offset = ((half * half * P6) / 32768 + half * P5 * 2) / 4 + P4 * 65536;
  const slope = (1 + ((P3 * half * half) / 524288 + P2 * half) / 524288 / 32768) * P1;
  const linear = ((1048576 - adc_P - offset / 4096) * 6250) / slope;
  return linear + ((P9 * linear * linear) / 2147483648 + (linear * P8) / 32768 + P7) / 16;
};

const humidityPercent = (adc_H: number, t_fine: number, coefficients: Bme280Coefficients): number => {
  const { dig_H1: H1, dig_H2: H2, dig_H3: H3, dig_H4: H4, dig_H5: H5, dig_H6: H6 } = coefficients;
  const fromRoom = t_fine - 76800;
  const linear =
    (adc_H - (H4 * 64 + (H5 / 16384) * fromRoom)) *
    ((H2 / 65536) * (1 + (H6 / 67108864) * fromRoom * (1 + (H3 / 67108864) * fromRoom)));
  return Math.min(100, Math.max(0, linear * (1 - (H1 * linear) / 524288)));
};

type Search = { readonly bits: number; readonly isRising: boolean };

/** The converter value whose result lies nearest to the wanted one, by bisection. */
const nearest = (wanted: number, { bits, isRising }: Search, resultOf: (adc: number) => number): number => {
  let low = 0;
  let high = 2 ** bits - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (resultOf(middle) < wanted === isRising) low = middle;
    else high = middle;
  }
  return Math.abs(resultOf(low) - wanted) <= Math.abs(resultOf(high) - wanted) ? low : high;
};

/** What the converters must give for the compensation to result in the wanted sample. */
export const decompensate = (wanted: AirSample, coefficients: Bme280Coefficients): RawSample => {
  const adc_T = nearest(
    wanted.temperatureC,
    { bits: 20, isRising: true },
    (adc) => fineTemperature(adc, coefficients) / 5120,
  );
  const t_fine = fineTemperature(adc_T, coefficients);
  return {
    adc_T,
    adc_P: nearest(wanted.pressurePa, { bits: 20, isRising: false }, (adc) =>
      pressurePa(adc, t_fine, coefficients),
    ),
    adc_H: nearest(wanted.humidityPercent, { bits: 16, isRising: true }, (adc) =>
      humidityPercent(adc, t_fine, coefficients),
    ),
  };
};

/** Noise of one conversion at oversampling ×1 (BST-BME280-DS001 tables 1, 2 and 13). */
const NOISE = { temperatureC: 0.002, pressurePa: 3.3, humidityPercent: 0.07 };

const withNoise = (air: AirSample, seed: number, conversion: number): AirSample => {
  const draw = (what: number): number => gaussian(seed, 3 * conversion + what);
  return {
    temperatureC: air.temperatureC + NOISE.temperatureC * draw(0),
    pressurePa: air.pressurePa + NOISE.pressurePa * draw(1),
    humidityPercent: air.humidityPercent + NOISE.humidityPercent * draw(2),
  };
};

/** Without the filter the resolution is 16 bits plus one for each doubling of the oversampling (section 3.4). */
const atResolution = (adc: number, osrs: number): number => {
  const step = 2 ** (5 - Math.min(osrs, 5));
  return Math.min(2 ** 20 - step, Math.round(adc / step) * step);
};

export type ConvertersOptions = {
  readonly coefficients: Bme280Coefficients;
  /** The air at the chip at a moment of its clock. */
  readonly airAt: (atMs: number) => AirSample;
  /** Seeds the noise; none without. */
  readonly noiseSeed?: number;
};

/** The converters of a chip in this air, with their noise and resolution. */
export const createConverters =
  ({ coefficients, airAt, noiseSeed }: ConvertersOptions) =>
  ({ atMs, index, osrs }: Conversion): RawSample => {
    const air = airAt(atMs);
    const raw = decompensate(noiseSeed === undefined ? air : withNoise(air, noiseSeed, index), coefficients);
    return {
      adc_T: atResolution(raw.adc_T, osrs.t),
      adc_P: atResolution(raw.adc_P, osrs.p),
      adc_H: raw.adc_H,
    };
  };

/** T and P of the BMP280 datasheet's worked example, H of a typical chip. */
export const typicalCoefficients: Bme280Coefficients = {
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
};
