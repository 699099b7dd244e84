import { type Bme280Calibration, encodeCalibration, typicalCalibration } from './bme280-calibration.ts';
import { type Bme280Sample, decompensate } from './bme280-compensation.ts';
import { gaussian } from './noise.ts';
import type { RegisterChip } from './simulated-i2c-bus.ts';

const CHIP_ID = 0x60;
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

/** Noise of one conversion at oversampling ×1 (BST-BME280-DS001 tables 1, 2 and 13). */
const NOISE = { temperatureC: 0.002, pressurePa: 3.3, humidityPercent: 0.07 };

export type Bme280ChipOptions = {
  readonly nowMs: () => number;
  /** The air at the chip at a moment of `nowMs`. */
  readonly sampleAt: (atMs: number) => Bme280Sample;
  readonly calibration?: Bme280Calibration;
  /** Seeds the noise of the converters; none without. */
  readonly noiseSeed?: number;
};

type Conversion = { readonly doneAtMs: number; readonly ctrl_hum: number; readonly ctrl_meas: number };

const oversampling = (osrs: number): number => (osrs === 0 ? 0 : 2 ** (Math.min(osrs, 5) - 1));

/** Typical time; the datasheet's maximum is about 15 % longer (section 9.1). */
const conversionMs = (osrs: { t: number; p: number; h: number }): number =>
  1 +
  2 * oversampling(osrs.t) +
  (osrs.p === 0 ? 0 : 2 * oversampling(osrs.p) + 0.5) +
  (osrs.h === 0 ? 0 : 2 * oversampling(osrs.h) + 0.5);

/** Without the filter the resolution is 16 bits plus one for each doubling of the oversampling (section 3.4). */
const atResolution = (adc: number, osrs: number): number => {
  const step = 2 ** (5 - Math.min(osrs, 5));
  return Math.min(2 ** 20 - step, Math.round(adc / step) * step);
};

/**
 * A BME280 down to its registers (BST-BME280-DS001). Modelled are sleep and forced mode; the filter and normal mode
 * are stored but without effect.
 */
export class Bme280Chip implements RegisterChip {
  readonly #options: Bme280ChipOptions;
  readonly #registers = new Uint8Array(0x100);
  #latchedCtrlHum = 0;
  #conversion: Conversion | null = null;
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
    encodeCalibration(this.#options.calibration ?? typicalCalibration, this.#registers);
    this.#registers[register.id] = CHIP_ID;
    this.#registers.set([0x80, 0x00, 0x00, 0x80, 0x00, 0x00, 0x80, 0x00], DATA);
    this.#latchedCtrlHum = 0;
    this.#conversion = null;
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
    else if (number === register.ctrl_hum) this.#registers[number] = value & 0x07;
    else if (number === register.config) this.#registers[number] = value;
    else if (number === register.ctrl_meas) this.#writeCtrlMeas(value);
  }

  #writeCtrlMeas(value: number): void {
    this.#registers[register.ctrl_meas] = value;
    // "Changes to this register only become effective after a write operation to ctrl_meas" (section 5.4.3).
    this.#latchedCtrlHum = this.#registers[register.ctrl_hum] ?? 0;
    if (!FORCED.includes(value & MODE_MASK)) return;
    const osrs = { t: value >> 5, p: (value >> 2) & 0x07, h: this.#latchedCtrlHum };
    const doneAtMs = this.#options.nowMs() + conversionMs(osrs);
    this.#conversion = { doneAtMs, ctrl_hum: this.#latchedCtrlHum, ctrl_meas: value };
  }

  #status(): number {
    const isStarting = this.#options.nowMs() < this.#poweredAtMs + START_UP_MS;
    return (this.#conversion === null ? 0 : STATUS_MEASURING) | (isStarting ? STATUS_IM_UPDATE : 0);
  }

  /** Ends a conversion whose time has passed: data into the registers, mode back to sleep. */
  #settle(): void {
    const conversion = this.#conversion;
    if (conversion === null || this.#options.nowMs() < conversion.doneAtMs) return;
    this.#conversion = null;
    this.#registers[register.ctrl_meas] = conversion.ctrl_meas & ~MODE_MASK;
    this.#conversions += 1;
    if (!this.#isHung) this.#registers.set(this.#convert(conversion), DATA);
  }

  #convert({ doneAtMs, ctrl_hum, ctrl_meas }: Conversion): Uint8Array {
    const calibration = this.#options.calibration ?? typicalCalibration;
    const raw = decompensate(this.#withNoise(this.#options.sampleAt(doneAtMs)), calibration);
    const osrs = { t: ctrl_meas >> 5, p: (ctrl_meas >> 2) & 0x07, h: ctrl_hum };
    const T = osrs.t === 0 ? 0x80000 : atResolution(raw.adc_T, osrs.t);
    const P = osrs.p === 0 ? 0x80000 : atResolution(raw.adc_P, osrs.p);
    const H = osrs.h === 0 ? 0x8000 : raw.adc_H;
    return Uint8Array.of(P >> 12, P >> 4, P << 4, T >> 12, T >> 4, T << 4, H >> 8, H);
  }

  #withNoise(sample: Bme280Sample): Bme280Sample {
    const seed = this.#options.noiseSeed;
    if (seed === undefined) return sample;
    const draw = (what: number): number => gaussian(seed, 3 * this.#conversions + what);
    return {
      temperatureC: sample.temperatureC + NOISE.temperatureC * draw(0),
      pressurePa: sample.pressurePa + NOISE.pressurePa * draw(1),
      humidityPercent: sample.humidityPercent + NOISE.humidityPercent * draw(2),
    };
  }
}
