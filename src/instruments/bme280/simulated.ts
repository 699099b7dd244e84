import { gaussian, seedOf } from '../../simulation/noise.ts';
import { eventsOf, isDuring } from '../../simulation/scenario.ts';
import { faultyChip, type RegisterChip, withRegisters } from '../../simulation/simulated-i2c-bus.ts';
import type { SimulatedInstrument, Surroundings } from '../instrument.ts';
import { type Bme280Coefficients, CALIB26, storeCoefficients } from './compensation.ts';

// What the converters of a BME280 give in some air: the inverse of the datasheet's double precision formulas
// (BST-BME280-DS001 appendix 8.1). The driver compensates with the package bme280-sensor, so the two check each other.

type AirSample = {
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

type ConvertersOptions = {
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

const BME280_ID = 0x60;
const RESET_COMMAND = 0xb6;
const MODE_MASK = 0x03;
const FORCED = [0x01, 0x02];
const STATUS_MEASURING = 0x08;
const STATUS_IM_UPDATE = 0x01;
/** Copying the trimming parameters from the non-volatile memory, as part of the start-up time. */
const START_UP_MS = 2;

const register = {
  id: 0xd0,
  reset: 0xe0,
  ctrl_hum: 0xf2,
  status: 0xf3,
  ctrl_meas: 0xf4,
  config: 0xf5,
} as const;
const DATA = 0xf7;

/** What the three converters give: 20, 20 and 16 bits. */
export type RawSample = {
  readonly adc_T: number;
  readonly adc_P: number;
  readonly adc_H: number;
};

type Conversion = {
  /** Its end on the clock `nowMs`. */
  readonly atMs: number;
  /** Its number since the chip was made, from 1. */
  readonly index: number;
  /** The oversampling settings (`osrs_t`, `osrs_p`, `osrs_h`); 0 leaves a quantity out. */
  readonly osrs: Oversampling;
};

type Oversampling = { readonly t: number; readonly p: number; readonly h: number };

export type Bme280ChipOptions = {
  readonly nowMs: () => number;
  readonly coefficients: Bme280Coefficients;
  readonly convert: (conversion: Conversion) => RawSample;
  /** 0x60 without. */
  readonly chipId?: number;
  /** Time of one conversion; the datasheet's typical one without. */
  readonly conversionMs?: number;
};

/** The data registers after one conversion: pressure, temperature, humidity (datasheet 4.2). */
export const burstOf = ({ adc_P, adc_T, adc_H }: RawSample): Uint8Array =>
  Uint8Array.of(adc_P >> 12, adc_P >> 4, adc_P << 4, adc_T >> 12, adc_T >> 4, adc_T << 4, adc_H >> 8, adc_H);

/** What the data registers hold after a reset, and of what is not measured. */
const RESET_SAMPLE: RawSample = { adc_P: 0x80000, adc_T: 0x80000, adc_H: 0x8000 };

const oversampling = (osrs: number): number => (osrs === 0 ? 0 : 2 ** (Math.min(osrs, 5) - 1));

/** Typical time; the datasheet's maximum is about 15 % longer (section 9.1). */
const typicalConversionMs = (osrs: Oversampling): number =>
  1 +
  2 * oversampling(osrs.t) +
  (osrs.p === 0 ? 0 : 2 * oversampling(osrs.p) + 0.5) +
  (osrs.h === 0 ? 0 : 2 * oversampling(osrs.h) + 0.5);

/**
 * A BME280 down to its registers (BST-BME280-DS001). Modelled are sleep and forced mode; the filter and normal mode
 * are stored but without effect.
 */
export class Bme280Chip implements RegisterChip {
  readonly #options: Bme280ChipOptions;
  readonly #registers = new Uint8Array(0x100);
  #latchedCtrlHum = 0;
  #pending: { readonly doneAtMs: number; readonly ctrl_meas: number; readonly osrs: Oversampling } | null =
    null;
  #conversions = 0;
  #poweredAtMs = 0;
  #isHung = false;

  constructor(options: Bme280ChipOptions) {
    this.#options = options;
    this.powerOn();
  }

  /** Brings the registers to their values after power-on: what the chip measured and was told is gone. */
  powerOn(): void {
    this.#registers.fill(0);
    storeCoefficients(this.#options.coefficients, this.#registers);
    this.#registers[register.id] = this.#options.chipId ?? BME280_ID;
    if (!this.#hasHumidity()) this.#registers.fill(0, CALIB26.register, CALIB26.register + CALIB26.length);
    this.#registers.set(burstOf(RESET_SAMPLE), DATA);
    this.#latchedCtrlHum = 0;
    this.#pending = null;
    this.#poweredAtMs = this.#options.nowMs();
  }

  /** A hung chip answers and goes through its modes, but its data never change. */
  setHung(isHung: boolean): void {
    this.#isHung = isHung;
  }

  read(from: number, length: number): Uint8Array {
    this.#settle();
    this.#registers[register.status] = this.#status();
    return Uint8Array.from({ length }, (_, index) => this.#registers[(from + index) & 0xff] ?? 0);
  }

  /** A burst write is a sequence of register and value pairs; there is no increment (section 6.2.1). */
  write(first: number, bytes: Uint8Array): void {
    const stream = [first, ...bytes];
    for (let index = 0; index + 1 < stream.length; index += 2) {
      this.#writeRegister(stream[index] ?? 0, stream[index + 1] ?? 0);
    }
  }

  #writeRegister(number: number, value: number): void {
    this.#settle();
    if (number === register.reset && value === RESET_COMMAND) this.powerOn();
    else if (number === register.ctrl_hum && this.#hasHumidity()) this.#registers[number] = value & 0x07;
    else if (number === register.config) this.#registers[number] = value;
    else if (number === register.ctrl_meas) this.#writeCtrlMeas(value);
  }

  /** A BMP280 is the same without. */
  #hasHumidity(): boolean {
    return (this.#options.chipId ?? BME280_ID) >= BME280_ID;
  }

  #writeCtrlMeas(value: number): void {
    this.#registers[register.ctrl_meas] = value;
    // "Changes to this register only become effective after a write operation to ctrl_meas" (section 5.4.3).
    this.#latchedCtrlHum = this.#registers[register.ctrl_hum] ?? 0;
    if (!FORCED.includes(value & MODE_MASK)) return;
    const osrs = { t: value >> 5, p: (value >> 2) & 0x07, h: this.#latchedCtrlHum };
    const durationMs = this.#options.conversionMs ?? typicalConversionMs(osrs);
    this.#pending = { doneAtMs: this.#options.nowMs() + durationMs, ctrl_meas: value, osrs };
  }

  #status(): number {
    const isStarting = this.#options.nowMs() < this.#poweredAtMs + START_UP_MS;
    return (this.#pending === null ? 0 : STATUS_MEASURING) | (isStarting ? STATUS_IM_UPDATE : 0);
  }

  /** Ends a conversion whose time has passed: data into the registers, mode back to sleep. */
  #settle(): void {
    const pending = this.#pending;
    if (pending === null || this.#options.nowMs() < pending.doneAtMs) return;
    this.#pending = null;
    this.#registers[register.ctrl_meas] = pending.ctrl_meas & ~MODE_MASK;
    this.#conversions += 1;
    if (this.#isHung) return;
    const { osrs, doneAtMs } = pending;
    const raw = this.#options.convert({ atMs: doneAtMs, index: this.#conversions, osrs });
    const measured = {
      adc_T: osrs.t === 0 ? RESET_SAMPLE.adc_T : raw.adc_T,
      adc_P: osrs.p === 0 ? RESET_SAMPLE.adc_P : raw.adc_P,
      adc_H: osrs.h === 0 ? RESET_SAMPLE.adc_H : raw.adc_H,
    };
    this.#registers.set(burstOf(measured), DATA);
  }
}

const BMP280_ID = 0x58;

export const simulate = (
  { address }: { readonly address: number },
  surroundings: Surroundings,
): SimulatedInstrument => {
  const { scenario, weatherAt, elapsedSeconds } = surroundings;
  const chip = new Bme280Chip({
    nowMs: () => elapsedSeconds() * 1000,
    coefficients: typicalCoefficients,
    chipId: eventsOf(scenario, 'bmp280').length > 0 ? BMP280_ID : BME280_ID,
    convert: createConverters({
      coefficients: typicalCoefficients,
      airAt: (atMs) => {
        const { temperatureC, humidityPercent, pressureHpa } = weatherAt(atMs / 1000);
        return { temperatureC, humidityPercent, pressurePa: pressureHpa * 100 };
      },
      noiseSeed: seedOf(scenario.seed, 'bme280'),
    }),
  });
  const hangs = eventsOf(scenario, 'hungBme280');
  const faulty = faultyChip(withRegisters(chip), {
    name: 'bme280',
    scenario,
    elapsedSeconds,
    onBrownOut: () => chip.powerOn(),
    settle: (now) => chip.setHung(hangs.some((hang) => isDuring(hang, now))),
  });
  return { chips: new Map([[address, faulty]]) };
};
