import { type Bme280Coefficients, storeCoefficients } from '../../src/instruments/bme280/compensation.ts';
import {
  Bme280Chip,
  type Bme280ChipOptions,
  type RawSample,
  typicalCoefficients,
} from '../../src/instruments/bme280/simulated.ts';
import type { Clock } from '../../src/time/clock.ts';

/** T and P of the BMP280 datasheet's worked example. */
export const workedExample: RawSample = { adc_T: 519_888, adc_P: 415_148, adc_H: 30_000 };

/** Chips like this exist; a driver that loses the signs of H5 and H6 reads them some percent wrong. */
export const negativeHumidity: Bme280Coefficients = { ...typicalCoefficients, dig_H5: -20, dig_H6: -30 };

/** The two blocks of coefficients as the chip sends them. */
export const coefficientBlocks = (
  coefficients: Bme280Coefficients,
): { readonly calib00: Uint8Array; readonly calib26: Uint8Array } => {
  const registers = new Uint8Array(0x100);
  storeCoefficients(coefficients, registers);
  return { calib00: registers.slice(0x88, 0xa2), calib26: registers.slice(0xe1, 0xe8) };
};

export type ScriptedBme280 = {
  readonly chip: Bme280Chip;
  /** What the converters give next; the last one stays. */
  readonly raws: RawSample[];
};

/** The simulated chip with converters that give what a test says. */
export const createScriptedBme280 = (
  clock: Pick<Clock, 'monotonicMs'>,
  options: Partial<Bme280ChipOptions> = {},
): ScriptedBme280 => {
  const raws: RawSample[] = [];
  let last = workedExample;
  const chip = new Bme280Chip({
    nowMs: () => clock.monotonicMs(),
    coefficients: typicalCoefficients,
    convert: () => {
      last = raws.shift() ?? last;
      return last;
    },
    ...options,
  });
  return { chip, raws };
};
