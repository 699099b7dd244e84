import type { RegisterChip } from '../../simulation/simulated-i2c-bus.ts';
import { type Bme280Coefficients, storeCoefficients } from './coefficients.ts';

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

export type Conversion = {
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
