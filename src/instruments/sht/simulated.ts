import { I2cError } from '../../i2c/i2c-bus.ts';
import { gaussian, seedOf } from '../../simulation/noise.ts';
import { faultyChip, type I2cChip } from '../../simulation/simulated-i2c-bus.ts';
import type { SimulatedInstrument, Surroundings } from '../instrument.ts';
import { crc8, type ShtFamily, type ShtReading, temperatureWord } from './sht-driver.ts';

type ShtChipOptions = {
  readonly family: ShtFamily;
  readonly address: number;
  readonly nowMs: () => number;
  readonly airAt: (atMs: number) => ShtReading;
  /** Seeds the noise; none without. */
  readonly noiseSeed?: number;
};

/** Typical repeatability at the highest setting, 3 sigma: 0.04 °C, 0.08 %RH. */
const TEMPERATURE_NOISE_CELSIUS = 0.04 / 3;
const HUMIDITY_NOISE_PERCENT = 0.08 / 3;
/** The typical duration in the data sheets over the time that the driver waits. */
const MEASUREMENT_SHARE = 0.7;

const SERIAL_NUMBER = [0x1234, 0x5678] as const;

const framed = (words: readonly number[]): Uint8Array =>
  Uint8Array.from(
    words.flatMap((word) => {
      const bytes = [word >> 8, word & 0xff];
      return [...bytes, crc8(bytes)];
    }),
  );

const clamped = (word: number): number => Math.min(0xffff, Math.max(0, Math.round(word)));

/** An SHT3x or SHT4x on the wire. It acknowledges no read before there is something to send, nor a command it does not know. */
export class ShtChip implements I2cChip {
  readonly #options: ShtChipOptions;
  #measurements = 0;
  #answer: { readonly readyAtMs: number; readonly bytes: Uint8Array } | null = null;

  constructor(options: ShtChipOptions) {
    this.#options = options;
  }

  /** A dip of its supply: the chip forgets what it was asked. */
  powerOn(): void {
    this.#answer = null;
  }

  write(bytes: Uint8Array): void {
    const { family, nowMs } = this.#options;
    const isCommand = (command: readonly number[]): boolean => command.join() === bytes.join();
    if (isCommand(family.measure)) {
      const readyAtMs = nowMs() + family.measurementMs * MEASUREMENT_SHARE;
      this.#answer = { readyAtMs, bytes: framed(this.#measure()) };
    } else if (isCommand(family.serialNumber)) {
      this.#answer = { readyAtMs: nowMs(), bytes: framed(SERIAL_NUMBER) };
    } else if (family.reset.some(({ command }) => isCommand(command))) {
      this.#answer = null;
    } else throw this.#nak();
  }

  read(length: number): Uint8Array {
    const answer = this.#answer;
    if (answer === null || this.#options.nowMs() < answer.readyAtMs) throw this.#nak();
    this.#answer = null;
    return answer.bytes.subarray(0, length);
  }

  #measure(): number[] {
    const { family, airAt, nowMs, noiseSeed } = this.#options;
    const air = airAt(nowMs());
    this.#measurements += 1;
    const noise = (index: number): number =>
      noiseSeed === undefined ? 0 : gaussian(noiseSeed, 2 * this.#measurements + index);
    return [
      clamped(temperatureWord(air.temperatureCelsius + TEMPERATURE_NOISE_CELSIUS * noise(0))),
      clamped(family.humidityWord(air.humidityPercent + HUMIDITY_NOISE_PERCENT * noise(1))),
    ];
  }

  #nak(): I2cError {
    return new I2cError('EREMOTEIO', { address: this.#options.address });
  }
}

type SimulatedSht = { readonly key: string; readonly address: number; readonly family: ShtFamily };

export const simulateSht = (
  { key, address, family }: SimulatedSht,
  { scenario, weatherAt, elapsedSeconds }: Surroundings,
): SimulatedInstrument => {
  const chip = new ShtChip({
    family,
    address,
    nowMs: () => elapsedSeconds() * 1000,
    airAt: (atMs) => {
      const { temperatureC, humidityPercent } = weatherAt(atMs / 1000);
      return { temperatureCelsius: temperatureC, humidityPercent };
    },
    noiseSeed: seedOf(scenario.seed, key),
  });
  const faulty = faultyChip(chip, { name: key, scenario, elapsedSeconds, onBrownOut: () => chip.powerOn() });
  return { chips: new Map([[address, faulty]]) };
};
