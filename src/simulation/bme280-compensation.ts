// Written from the datasheet's double precision formulas (BST-BME280-DS001 appendix 8.1) and independent of the
// driver's, so that a mistake in either shows as a difference.
import type { Bme280Calibration } from './bme280-calibration.ts';

/** What the three converters gave: 20, 20 and 16 bits. */
export type RawSample = {
  readonly adc_T: number;
  readonly adc_P: number;
  readonly adc_H: number;
};

export type Bme280Sample = {
  readonly temperatureC: number;
  readonly pressurePa: number;
  readonly humidityPercent: number;
};

const fineTemperature = (adc_T: number, { T1, T2, T3 }: Bme280Calibration): number => {
  const linear = (adc_T / 16384 - T1 / 1024) * T2;
  const square = (adc_T / 131072 - T1 / 8192) ** 2 * T3;
  return linear + square;
};

const pressurePa = (adc_P: number, t_fine: number, { P }: Bme280Calibration): number => {
  const [P1, P2, P3, P4, P5, P6, P7, P8, P9] = P;
  const half = t_fine / 2 - 64000;
  const offset = ((half * half * P6) / 32768 + half * P5 * 2) / 4 + P4 * 65536;
  const slope = (1 + ((P3 * half * half) / 524288 + P2 * half) / 524288 / 32768) * P1;
  const linear = ((1048576 - adc_P - offset / 4096) * 6250) / slope;
  return linear + ((P9 * linear * linear) / 2147483648 + (linear * P8) / 32768 + P7) / 16;
};

const humidityPercent = (adc_H: number, t_fine: number, calibration: Bme280Calibration): number => {
  const { H1, H2, H3, H4, H5, H6 } = calibration;
  const fromRoom = t_fine - 76800;
  const linear =
    (adc_H - (H4 * 64 + (H5 / 16384) * fromRoom)) *
    ((H2 / 65536) * (1 + (H6 / 67108864) * fromRoom * (1 + (H3 / 67108864) * fromRoom)));
  return Math.min(100, Math.max(0, linear * (1 - (H1 * linear) / 524288)));
};

export const compensate = (raw: RawSample, calibration: Bme280Calibration): Bme280Sample => {
  const t_fine = fineTemperature(raw.adc_T, calibration);
  return {
    temperatureC: t_fine / 5120,
    pressurePa: pressurePa(raw.adc_P, t_fine, calibration),
    humidityPercent: humidityPercent(raw.adc_H, t_fine, calibration),
  };
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
export const decompensate = (wanted: Bme280Sample, calibration: Bme280Calibration): RawSample => {
  const adc_T = nearest(
    wanted.temperatureC,
    { bits: 20, isRising: true },
    (adc) => fineTemperature(adc, calibration) / 5120,
  );
  const t_fine = fineTemperature(adc_T, calibration);
  return {
    adc_T,
    adc_P: nearest(wanted.pressurePa, { bits: 20, isRising: false }, (adc) =>
      pressurePa(adc, t_fine, calibration),
    ),
    adc_H: nearest(wanted.humidityPercent, { bits: 16, isRising: true }, (adc) =>
      humidityPercent(adc, t_fine, calibration),
    ),
  };
};
