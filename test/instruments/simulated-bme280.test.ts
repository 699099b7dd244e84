import { describe, expect, it } from 'vitest';
import { type Bme280Coefficients, compensate } from '../../src/instruments/bme280/compensation.ts';
import { Bme280Chip, createConverters, typicalCoefficients } from '../../src/instruments/bme280/simulated.ts';
import { negativeHumidity } from '../fakes/bme280.ts';

const FORCED_X1 = 0x25;
const room = { temperatureC: 21.5, pressurePa: 101_325, humidityPercent: 48 };

const createChip = (options: { coefficients?: Bme280Coefficients; noiseSeed?: number } = {}) => {
  const time = { ms: 1_000 };
  const { coefficients = typicalCoefficients, noiseSeed } = options;
  const converters = { coefficients, airAt: () => room };
  const chip = new Bme280Chip({
    nowMs: () => time.ms,
    coefficients,
    convert: createConverters(noiseSeed === undefined ? converters : { ...converters, noiseSeed }),
  });
  const measure = (): void => {
    chip.write(0xf2, Uint8Array.of(0x01));
    chip.write(0xf4, Uint8Array.of(FORCED_X1));
    time.ms += 10;
  };
  return { chip, time, measure };
};

const rawOf = (chip: Bme280Chip) => {
  const [p0 = 0, p1 = 0, p2 = 0, t0 = 0, t1 = 0, t2 = 0, h0 = 0, h1 = 0] = chip.read(0xf7, 8);
  return {
    adc_P: (p0 << 12) | (p1 << 4) | (p2 >> 4),
    adc_T: (t0 << 12) | (t1 << 4) | (t2 >> 4),
    adc_H: (h0 << 8) | h1,
  };
};

describe('the simulated BME280', () => {
  it('has the id of a BME280 and its data at their reset values', () => {
    const { chip } = createChip();

    expect(chip.read(0xd0, 1)).toEqual(Uint8Array.of(0x60));
    expect(rawOf(chip)).toEqual({ adc_P: 0x80000, adc_T: 0x80000, adc_H: 0x8000 });
  });

  it('measures once when forced, and says so until it is done', async () => {
    const { chip, time } = createChip();
    time.ms += 10;

    chip.write(0xf2, Uint8Array.of(0x01));
    chip.write(0xf4, Uint8Array.of(FORCED_X1));
    const during = { status: chip.read(0xf3, 1)[0], ctrl_meas: chip.read(0xf4, 1)[0] };
    time.ms += 9;

    expect(during).toEqual({ status: 0x08, ctrl_meas: FORCED_X1 });
    expect(chip.read(0xf3, 2)).toEqual(Uint8Array.of(0x00, FORCED_X1 & ~0x03));
    const reading = await compensate(typicalCoefficients, chip.read(0xf7, 8));
    expect(reading.temperatureCelsius).toBeCloseTo(21.5, 2);
    expect(reading.pressureHpa).toBeCloseTo(1_013.25, 1);
    expect(reading.humidityPercent).toBeCloseTo(48, 1);
  });

  it('takes over the humidity setting only with the next write of ctrl_meas', () => {
    const { chip, time } = createChip();

    chip.write(0xf4, Uint8Array.of(FORCED_X1));
    chip.write(0xf2, Uint8Array.of(0x01));
    time.ms += 10;

    expect(rawOf(chip).adc_H).toBe(0x8000);
  });

  it('leaves out what is not to be measured', () => {
    const { chip, time } = createChip();

    chip.write(0xf4, Uint8Array.of(0x01));
    time.ms += 10;

    expect(rawOf(chip)).toEqual({ adc_P: 0x80000, adc_T: 0x80000, adc_H: 0x8000 });
  });

  it('does not measure in sleep mode', () => {
    const { chip, time } = createChip();

    chip.write(0xf4, Uint8Array.of(0x24));
    time.ms += 100;

    expect(chip.read(0xf3, 1)).toEqual(Uint8Array.of(0));
    expect(rawOf(chip).adc_T).toBe(0x80000);
  });

  it('takes a burst write as pairs of register and value', () => {
    const { chip } = createChip();

    chip.write(0xf2, Uint8Array.of(0x05, 0xf5, 0xa0));

    expect(chip.read(0xf2, 1)).toEqual(Uint8Array.of(0x05));
    expect(chip.read(0xf5, 1)).toEqual(Uint8Array.of(0xa0));
  });

  it('copies its calibration for 2 ms after a reset, and forgets what it was told', () => {
    const { chip, time, measure } = createChip();
    measure();
    const before = rawOf(chip);

    chip.write(0xe0, Uint8Array.of(0xb6));
    const starting = chip.read(0xf3, 1)[0];
    time.ms += 2;

    expect(before.adc_T).not.toBe(0x80000);
    expect(starting).toBe(0x01);
    expect(chip.read(0xf2, 4)).toEqual(Uint8Array.of(0, 0, 0, 0));
    expect(rawOf(chip).adc_T).toBe(0x80000);
  });

  it('ignores any other word in the reset register', () => {
    const { chip } = createChip();
    chip.write(0xf2, Uint8Array.of(0x01));

    chip.write(0xe0, Uint8Array.of(0x00));

    expect(chip.read(0xf2, 1)).toEqual(Uint8Array.of(0x01));
  });

  it('repeats its data for ever when it hangs, and recovers', () => {
    const { chip, measure } = createChip({ noiseSeed: 7 });
    measure();
    const first = rawOf(chip);

    chip.setHung(true);
    measure();
    const hung = rawOf(chip);
    chip.setHung(false);
    measure();

    expect(hung).toEqual(first);
    expect(rawOf(chip)).not.toEqual(first);
  });

  it('has the noise of its datasheet', async () => {
    const { chip, measure } = createChip({ noiseSeed: 3 });
    const pressuresPa: number[] = [];
    for (let count = 0; count < 400; count += 1) {
      measure();
      pressuresPa.push(100 * (await compensate(typicalCoefficients, chip.read(0xf7, 8))).pressureHpa);
    }
    const meanPa = pressuresPa.reduce((sum, pa) => sum + pa, 0) / pressuresPa.length;
    const variance = pressuresPa.reduce((sum, pa) => sum + (pa - meanPa) ** 2, 0) / pressuresPa.length;

    expect(meanPa).toBeCloseTo(101_325, -1);
    expect(Math.sqrt(variance)).toBeGreaterThan(2.8);
    expect(Math.sqrt(variance)).toBeLessThan(4);
  });

  it('keeps negative H5 and H6 in the nibbles where the datasheet has them', () => {
    const { chip } = createChip({ coefficients: negativeHumidity });

    const [e1, e2, e3, e4, e5, e6, e7] = chip.read(0xe1, 7);

    expect([e1, e2, e3]).toEqual([362 & 0xff, 362 >> 8, 0]);
    expect(((e4 ?? 0) << 4) | ((e5 ?? 0) & 0x0f)).toBe(313);
    expect((((e6 ?? 0) << 24) >> 20) | ((e5 ?? 0) >> 4)).toBe(-20);
    expect(((e7 ?? 0) << 24) >> 24).toBe(-30);
  });
});
