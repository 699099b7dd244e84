// Bosch BME280 in the weather-monitoring profile of its datasheet (BST-BME280-DS001 3.5.1): forced mode,
// oversampling x1, filter off, which heats it least.
import { hex, type I2cBus } from '../../i2c/i2c-bus.ts';
import type { Clock } from '../../time/clock.ts';
import { SensorError, withBusFaults } from '../instrument-health.ts';
import {
  type Bme280Coefficients,
  type Bme280Values,
  CALIB00,
  CALIB26,
  compensate,
  isBlank,
  parseCoefficients,
} from './compensation.ts';

/** `null` where the humidity cell is dead, or where the chip is a BMP280, which has none. */
export type Bme280Reading = Omit<Bme280Values, 'humidityPercent'> & {
  readonly humidityPercent: number | null;
  readonly chipId: number;
};

type Bme280Options = {
  readonly bus: I2cBus;
  /** 0x76 (SDO to ground) or 0x77 (SDO to the supply). */
  readonly address: number;
  readonly clock: Clock;
  /** So many identical raw bursts in a row mean a hung chip; its noise changes them nearly every time. */
  readonly maxIdenticalBursts?: number;
};

const ID = 0xd0;
const RESET = 0xe0;
const CTRL_HUM = 0xf2;
const CTRL_MEAS = 0xf4;
const CONFIG = 0xf5;
const PRESS_MSB = 0xf7;

const RESET_WORD = 0xb6;
const OSRS_H_X1 = 0x01;
const OSRS_T_P_X1 = 0x24;
const FORCED_MODE = 0x01;
const STATUS_IM_UPDATE = 0x01;
const STATUS_MEASURING = 0x08;
const MODE_MASK = 0x03;

/** Start-up time (datasheet table 1), rounded up. */
const startUpTimeMs = 3;
/** 1.25 + 2.3 + (2.3 + 0.575) + (2.3 + 0.575) ms at x1 (datasheet 9.1), rounded up to a timer's millisecond. */
const measurementTimeMs = 10;
const statusPollMs = 2;
const maxStatusPolls = 10;

const BME280_ID = 0x60;
/** The same chip without humidity: its samples, and what is sold. */
const BMP280_IDS = [0x56, 0x57, 0x58];
const otherChips: Readonly<Record<number, string>> = {
  97: 'a BME680',
  0: 'nothing that works: SDA is held low',
  255: 'nothing that works: SDA stays high',
};

type Controls = { readonly ctrlHum: number; readonly status: number; readonly ctrlMeas: number };

export const isBmp280 = (chipId: number): boolean => BMP280_IDS.includes(chipId);

const isReset = ({ ctrlHum, ctrlMeas }: Controls, chipId: number): boolean =>
  (ctrlHum !== OSRS_H_X1 && !isBmp280(chipId)) || (ctrlMeas & ~MODE_MASK) !== OSRS_T_P_X1;

/**
 * What the data registers hold after a reset: 0x80000, 0x80000, 0x8000. Each alone is a possible measurement
 * (26.5 °C, say); pressure and temperature together on the dot are not.
 */
const isResetBurst = (burst: Uint8Array): boolean =>
  [0x80, 0x00, 0x00, 0x80, 0x00, 0x00].every((byte, at) => burst[at] === byte);

/** What the chip can measure (datasheet table 1). */
const RANGE = { minHpa: 300, maxHpa: 1100, minCelsius: -40, maxCelsius: 85 };

/** A cell that is broken or was not measured: raw 0, or 0x8000 on the dot. */
const isDeadHumidity = (burst: Uint8Array): boolean =>
  burst[7] === 0x00 && (burst[6] === 0x00 || burst[6] === 0x80);

export class Bme280 {
  readonly #options: Required<Bme280Options>;
  readonly #name: string;
  /** Null until the chip was started, and again after any fault. */
  #coefficients: Bme280Coefficients | null = null;
  #chipId = BME280_ID;
  #lastBurst = '';
  #identicalBursts = 0;

  constructor(options: Bme280Options) {
    this.#options = { maxIdenticalBursts: 20, ...options };
    this.#name = `BME280 ${hex(options.address)}`;
  }

  /** One measurement, about 12 ms. Rejects with `SensorError`; the next call starts the chip afresh. */
  async read(): Promise<Bme280Reading> {
    try {
      return await withBusFaults(this.#name, () => this.#measure());
    } catch (error) {
      this.#coefficients = null;
      throw error;
    }
  }

  async #measure(): Promise<Bme280Reading> {
    await this.#checkId();
    // A dip of its supply resets the chip.
    if (this.#coefficients !== null && isReset(await this.#readControls(), this.#chipId))
      this.#coefficients = null;
    this.#coefficients ??= await this.#start();
    await this.#trigger();
    await this.#awaitMeasurement();
    const burst = await this.#readBlock(PRESS_MSB, 8);
    this.#checkBurst(burst);
    const reading = await compensate(this.#coefficients, burst);
    this.#checkRange(reading);
    const hasHumidity = !(isBmp280(this.#chipId) || isDeadHumidity(burst));
    return {
      temperatureCelsius: reading.temperatureCelsius,
      humidityPercent: hasHumidity ? reading.humidityPercent : null,
      pressureHpa: reading.pressureHpa,
      chipId: this.#chipId,
    };
  }

  /** One value that no chip can measure makes the others worthless, however mild they look. */
  #checkRange({ temperatureCelsius, pressureHpa }: Bme280Values): void {
    const isPossible =
      pressureHpa >= RANGE.minHpa &&
      pressureHpa <= RANGE.maxHpa &&
      temperatureCelsius >= RANGE.minCelsius &&
      temperatureCelsius <= RANGE.maxCelsius;
    if (isPossible) return;
    const values = `${temperatureCelsius.toFixed(1)} °C and ${pressureHpa.toFixed(1)} hPa`;
    throw this.#fault('implausible', `gives ${values}: two chips at one address, or a damaged one`);
  }

  /** At every read: a chip that was swapped or a bus that returns rubbish must not pass as weather. */
  async #checkId(): Promise<void> {
    const [id = 0] = await this.#readBlock(ID, 1);
    if (id === BME280_ID || isBmp280(id)) {
      if (id !== this.#chipId) this.#coefficients = null;
      this.#chipId = id;
      return;
    }
    throw this.#fault(
      'wrong-chip',
      `chip id ${hex(id)} is ${otherChips[id] ?? 'no chip of this family'}; a BME280 has 0x60`,
    );
  }

  async #start(): Promise<Bme280Coefficients> {
    const { bus, address, clock } = this.#options;
    await bus.writeByte(address, RESET, RESET_WORD);
    await clock.sleep(startUpTimeMs);
    await this.#awaitStatusClear(STATUS_IM_UPDATE, 'still copies its calibration');
    const calib00 = await this.#readBlock(CALIB00.register, CALIB00.length);
    if (isBmp280(this.#chipId)) return parseCoefficients(calib00, null);
    const calib26 = await this.#readBlock(CALIB26.register, CALIB26.length);
    return parseCoefficients(calib00, calib26);
  }

  /** ctrl_hum takes effect with the write of ctrl_meas only (datasheet 5.4.3), so that one comes last. */
  async #trigger(): Promise<void> {
    const { bus, address } = this.#options;
    await bus.writeByte(address, CTRL_HUM, OSRS_H_X1);
    await bus.writeByte(address, CONFIG, 0x00);
    await bus.writeByte(address, CTRL_MEAS, OSRS_T_P_X1 | FORCED_MODE);
  }

  async #awaitMeasurement(): Promise<void> {
    await this.#options.clock.sleep(measurementTimeMs);
    const controls = await this.#awaitStatusClear(STATUS_MEASURING, 'does not finish measuring');
    if (isReset(controls, this.#chipId))
      throw this.#fault('not-ready', 'was reset while it measured; check its supply');
  }

  async #awaitStatusClear(bit: number, complaint: string): Promise<Controls> {
    for (let poll = 0; poll < maxStatusPolls; poll += 1) {
      const controls = await this.#readControls();
      if ((controls.status & bit) === 0) return controls;
      await this.#options.clock.sleep(statusPollMs);
    }
    throw this.#fault('not-ready', complaint);
  }

  #checkBurst(burst: Uint8Array): void {
    if (isResetBurst(burst) || isBlank(burst)) {
      throw this.#fault('implausible', `sends no measurement but ${Buffer.from(burst).toString('hex')}`);
    }
    const text = burst.toString();
    this.#identicalBursts = text === this.#lastBurst ? this.#identicalBursts + 1 : 1;
    this.#lastBurst = text;
    const { maxIdenticalBursts } = this.#options;
    if (this.#identicalBursts >= maxIdenticalBursts) {
      throw this.#fault('implausible', `hangs: ${maxIdenticalBursts} identical measurements in a row`);
    }
  }

  async #readControls(): Promise<Controls> {
    const [ctrlHum = 0, status = 0, ctrlMeas = 0] = await this.#readBlock(CTRL_HUM, 3);
    return { ctrlHum, status, ctrlMeas };
  }

  #readBlock(register: number, length: number): Promise<Uint8Array> {
    const { bus, address } = this.#options;
    return bus.readBlock(address, register, length);
  }

  #fault(code: SensorError['code'], complaint: string): SensorError {
    return new SensorError(code, `${this.#name}: ${complaint}`);
  }
}
