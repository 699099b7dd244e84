// TI ADS1115 (SBAS444), single shot, ±4.096 V, 128 SPS.
import { hex, type I2cBus } from '../../i2c/i2c-bus.ts';
import type { Clock } from '../../time/clock.ts';
import { SensorError, withBusFaults } from '../instrument-health.ts';
import type { Adc } from './vane.ts';

type Ads1115Options = {
  readonly bus: I2cBus;
  /** 0x48 (ADDR to ground), 0x49 (supply), 0x4A (SDA) or 0x4B (SCL). */
  readonly address: number;
  readonly clock: Clock;
};

const CONVERSION = 0x00;
const CONFIG = 0x01;

/** Written: start a conversion. Read: no conversion is going on. */
const OS = 0x8000;
const MUX_AIN0_GND = 0x4000;
const MUX_NEXT_INPUT = 0x1000;
const PGA_4_096_V = 0x0200;
const MODE_SINGLE_SHOT = 0x0100;
const DR_128_SPS = 0x0080;
const COMP_QUE_DISABLED = 0x0003;

/** 1/128 s, 10 % slower at worst, after 25 µs of waking up, rounded up to a timer's millisecond. */
const conversionTimeMs = 9;
const osPollMs = 1;
const maxOsPolls = 10;
const codesPerVolt = 8_000;
/** An ADS1015 has twelve bits of them. */
const codesAtItsEnd = 0x7ff0;

/** The chip sends its high byte first, an SMBus word its low one. */
const swapBytes = (word: number): number => ((word & 0xff) << 8) | (word >> 8);

export class Ads1115 implements Adc {
  readonly #options: Ads1115Options;
  readonly #name: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: Ads1115Options) {
    this.#options = options;
    this.#name = `ADS1115 ${hex(options.address)}`;
  }

  /**
   * Voltage of AIN0 to AIN3 against ground, 0 to below 4.096 V, in about 10 ms. Conversions follow one another however
   * many are asked for. Rejects with `SensorError`.
   */
  readVolts(input: number): Promise<number> {
    const volts = this.#last.then(() => withBusFaults(this.#name, () => this.#convert(input)));
    this.#last = volts.catch(() => undefined);
    return volts;
  }

  async #convert(input: number): Promise<number> {
    const mux = MUX_AIN0_GND + input * MUX_NEXT_INPUT;
    const config = OS | mux | PGA_4_096_V | MODE_SINGLE_SHOT | DR_128_SPS | COMP_QUE_DISABLED;
    await this.#write(CONFIG, config);
    await this.#options.clock.sleep(conversionTimeMs);
    await this.#awaitConversion(config);
    const code = await this.#read(CONVERSION);
    // Two's complement: an offset near 0 V reads as a small negative number.
    if (code >= 0x8000) return 0;
    // Whatever is above reads the same, and would be taken for another direction.
    if (code >= codesAtItsEnd)
      throw new SensorError(
        'implausible',
        `${this.#name}: input ${input} is above the 4.096 V it can measure`,
      );
    return code / codesPerVolt;
  }

  async #awaitConversion(expected: number): Promise<void> {
    for (let poll = 0; poll < maxOsPolls; poll += 1) {
      const config = await this.#read(CONFIG);
      // A chip that lost power, or a stuck bus, no longer holds what was written.
      if ((config | OS) !== expected) {
        const complaint = `config register holds ${hex(config, 4)} instead of ${hex(expected, 4)}`;
        throw new SensorError('implausible', `${this.#name}: ${complaint}`);
      }
      if ((config & OS) !== 0) return;
      await this.#options.clock.sleep(osPollMs);
    }
    throw new SensorError('not-ready', `${this.#name}: does not finish converting`);
  }

  #write(register: number, word: number): Promise<void> {
    return this.#options.bus.writeWord(this.#options.address, register, swapBytes(word));
  }

  async #read(register: number): Promise<number> {
    return swapBytes(await this.#options.bus.readWord(this.#options.address, register));
  }
}
