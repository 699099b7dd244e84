// Sensirion SHT3x (data sheet of December 2022) and SHT4x (of May 2023): a command of one or two bytes, then a read without a
// register. Every word carries a checksum. The heater is never switched on.
import type { I2cBus } from '../../i2c/i2c-bus.ts';
import type { Clock } from '../../time/clock.ts';
import { SensorError, withBusFaults } from '../instrument-health.ts';

const FULL_SCALE = 0xffff;

/** What differs between the families. */
export type ShtFamily = {
  readonly name: string;
  /** Ends whatever mode an earlier program left the chip in, heater included; each is given its time. */
  readonly reset: readonly { readonly command: readonly number[]; readonly waitMs: number }[];
  /** One measurement of the highest repeatability, without clock stretching. */
  readonly measure: readonly number[];
  /** The longest duration of it, rounded up to a timer's millisecond, and a millisecond for a coarse timer. */
  readonly measurementMs: number;
  readonly serialNumber: readonly number[];
  humidityPercent(word: number): number;
  /** Inverse of `humidityPercent`, for the simulated chip. */
  humidityWord(percent: number): number;
};

export const sht3xFamily: ShtFamily = {
  name: 'SHT3x',
  // Break ends the periodic mode, in which the chip acknowledges no other command (4.8).
  reset: [
    { command: [0x30, 0x93], waitMs: 2 },
    { command: [0x30, 0xa2], waitMs: 3 },
  ],
  measure: [0x24, 0x00],
  measurementMs: 17,
  serialNumber: [0x36, 0x82],
  humidityPercent: (word) => (100 * word) / FULL_SCALE,
  humidityWord: (percent) => (percent / 100) * FULL_SCALE,
};

export const sht4xFamily: ShtFamily = {
  name: 'SHT4x',
  reset: [{ command: [0x94], waitMs: 2 }],
  measure: [0xfd],
  measurementMs: 10,
  serialNumber: [0x89],
  humidityPercent: (word) => -6 + (125 * word) / FULL_SCALE,
  humidityWord: (percent) => ((percent + 6) / 125) * FULL_SCALE,
};

export const temperatureCelsius = (word: number): number => -45 + (175 * word) / FULL_SCALE;
export const temperatureWord = (celsius: number): number => ((celsius + 45) / 175) * FULL_SCALE;

/** CRC-8 of both data sheets: polynomial 0x31, initialised with 0xFF. */
export const crc8 = (bytes: Iterable<number>): number => {
  let crc = 0xff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc << 1) ^ ((crc & 0x80) === 0 ? 0 : 0x31)) & 0xff;
  }
  return crc;
};

export type ShtReading = { readonly temperatureCelsius: number; readonly humidityPercent: number };

type ShtOptions = {
  readonly bus: I2cBus;
  readonly address: number;
  readonly clock: Clock;
  readonly family: ShtFamily;
};

export class Sht {
  readonly #options: ShtOptions;
  readonly #name: string;
  #isReset = false;

  constructor(options: ShtOptions) {
    this.#options = options;
    this.#name = `${options.family.name} 0x${options.address.toString(16)}`;
  }

  /**
   * One measurement, about 10 ms (SHT4x) or 17 ms (SHT3x). Humidity beyond 0 to 100 %RH, which the conversion may give, is
   * clipped as the data sheets say. Rejects with `SensorError`; the next call resets the chip first.
   */
  async read(): Promise<ShtReading> {
    const { measure, measurementMs, humidityPercent } = this.#options.family;
    const words = await this.#afterReset(() => this.#ask(measure, measurementMs));
    const percent = humidityPercent(words[1]);
    return {
      temperatureCelsius: temperatureCelsius(words[0]),
      humidityPercent: Math.min(100, Math.max(0, percent)),
    };
  }

  /** Eight hexadecimal digits. Rejects with `SensorError`. */
  async readSerialNumber(): Promise<string> {
    const words = await this.#afterReset(() => this.#ask(this.#options.family.serialNumber, 1));
    return words.map((word) => word.toString(16).padStart(4, '0')).join('');
  }

  async #afterReset<T>(transfers: () => Promise<T>): Promise<T> {
    try {
      return await withBusFaults(this.#name, async () => {
        if (!this.#isReset) await this.#reset();
        this.#isReset = true;
        return await transfers();
      });
    } catch (error) {
      this.#isReset = false;
      throw error;
    }
  }

  async #reset(): Promise<void> {
    const { bus, address, clock, family } = this.#options;
    for (const { command, waitMs } of family.reset) {
      await bus.write(address, Uint8Array.from(command));
      await clock.sleep(waitMs);
    }
  }

  async #ask(command: readonly number[], waitMs: number): Promise<[number, number]> {
    const { bus, address, clock } = this.#options;
    await bus.write(address, Uint8Array.from(command));
    await clock.sleep(waitMs);
    const bytes = await bus.read(address, 6);
    return [this.#wordAt(bytes, 0), this.#wordAt(bytes, 3)];
  }

  #wordAt(bytes: Uint8Array, at: number): number {
    const [high = 0, low = 0, crc = 0] = bytes.subarray(at, at + 3);
    if (crc8([high, low]) !== crc) {
      const sent = Buffer.from(bytes).toString('hex');
      throw new SensorError('implausible', `${this.#name}: wrong checksum in ${sent}`);
    }
    return (high << 8) | low;
  }
}
