// What a driver of the kernel measures, as a file: 1-Wire (w1_therm), IIO and hwmon. Documentation/ABI/testing/sysfs-bus-iio,
// Documentation/hwmon/sysfs-interface.rst, Documentation/w1/slaves/w1_therm.rst.
import type { Sysfs } from '../../buses/station-buses.ts';
import type { Quantity } from '../../weather/quantities.ts';
import { SensorError, type SensorFault } from '../instrument-health.ts';

export const subsystems = ['w1', 'iio', 'hwmon'] as const;

export type KernelSource = {
  readonly subsystem: (typeof subsystems)[number];
  /** Name or label of the device, or on 1-Wire its id. */
  readonly device: string;
  /** Name of the file. */
  readonly attribute: string;
};

/** What the configuration says of one value; `scale` and `offset` are in the unit of the quantity. */
export type KernelSourceConfig = KernelSource & {
  readonly quantity: Quantity;
  readonly scale: number;
  readonly offset: number;
};

const FOLDERS: Readonly<Record<KernelSource['subsystem'], string>> = {
  w1: 'bus/w1/devices',
  iio: 'bus/iio/devices',
  hwmon: 'class/hwmon',
};

/** Where the folder of a subsystem is missing, the kernel has none of its drivers loaded. */
const OVERLAYS: Readonly<Record<KernelSource['subsystem'], string>> = {
  w1: 'no 1-Wire bus; add dtoverlay=w1-gpio to config.txt',
  iio: 'no IIO device; add the overlay of the chip to config.txt',
  hwmon: 'no hwmon device; add the overlay of the chip to config.txt',
};

/** From the unit in the file to that of the quantity (kPa to hPa, mV to V); 1 where the ABI says nothing. */
const factors: readonly { readonly attribute: RegExp; readonly factor: number }[] = [
  { attribute: /^(temp(\d+_input|erature)|(humidity|in|curr)\d+_input)$/, factor: 0.001 },
  // A channel may have a number and a name: in_voltage0-voltage1_raw, in_temp_object_raw.
  { attribute: /^in_(temp|humidityrelative|voltage|current)(?![a-z]).*_(input|raw)$/, factor: 0.001 },
  { attribute: /^in_pressure(?![a-z]).*_(input|raw)$/, factor: 10 },
];

const factorOf = (attribute: string): number =>
  factors.find((each) => each.attribute.test(attribute))?.factor ?? 1;

export const folderOf = (subsystem: KernelSource['subsystem']): string => FOLDERS[subsystem];

/** A value in the unit of its quantity as its file would hold it. */
export const fileUnitOf = (attribute: string, value: number): number =>
  Number((value / factorOf(attribute)).toFixed(6));

/** A DS18B20 holds this until its first conversion after power-on: its supply dips, or cannot feed the conversion. */
const W1_POWER_ON_MILLICELSIUS = 85_000;
/** What the driver of 1-Wire calls its devices in hwmon. */
const W1_IN_HWMON = 'w1_slave_temp';

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null ? String(Reflect.get(error, 'code')) : 'unknown';

const isAbsent = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'ENODEV', 'ENXIO'].includes(codeOf(error));

export class KernelDevice {
  readonly #sysfs: Sysfs;
  readonly #source: KernelSource;

  constructor(sysfs: Sysfs, source: KernelSource) {
    this.#sysfs = sysfs;
    this.#source = source;
  }

  /**
   * The value in the unit of the quantity: °C, %RH, hPa, V, A, lx. Looks for the device at each read, since the kernel numbers
   * devices anew when they come and go. Rejects with `SensorError`.
   */
  async read(): Promise<number> {
    const { attribute } = this.#source;
    const folder = await this.#folder();
    const number = await this.#number(attribute, folder);
    if (number === W1_POWER_ON_MILLICELSIUS && (await this.#isW1Temperature(folder)))
      throw this.#fault(
        'not-ready',
        'shows 85 °C, which it does before its first conversion; check its supply',
      );
    const channel = /^(?<name>in_.+)_raw$/.exec(attribute)?.groups?.['name'];
    const scaled = channel === undefined ? number : await this.#scaled(folder, channel, number);
    return scaled * factorOf(attribute);
  }

  async #isW1Temperature(folder: string): Promise<boolean> {
    const { subsystem, attribute } = this.#source;
    if (subsystem === 'w1') return attribute === 'temperature';
    if (subsystem !== 'hwmon' || attribute !== 'temp1_input') return false;
    const name = await this.#sysfs.read(`${folder}/name`).catch(() => '');
    return name.trim() === W1_IN_HWMON;
  }

  /** `(raw + offset) × scale` (IIO); both may stand in a file for all channels of the kind. */
  async #scaled(folder: string, channel: string, raw: number): Promise<number> {
    const kind = /^in_[a-z]+/.exec(channel)?.[0] ?? channel;
    const shared = async (suffix: string, otherwise: number): Promise<number> => {
      for (const name of new Set([channel, channel.replaceAll(/\d+/g, ''), kind])) {
        const value = await this.#optionalNumber(`${name}_${suffix}`, folder);
        if (value !== null) return value;
      }
      return otherwise;
    };
    return (raw + (await shared('offset', 0))) * (await shared('scale', 1));
  }

  async #folder(): Promise<string> {
    const { subsystem, device } = this.#source;
    const all = FOLDERS[subsystem];
    const folders = await this.#sysfs.list(all).catch((error: unknown) => {
      throw this.#fault(
        isAbsent(error) ? 'missing' : 'bus',
        isAbsent(error) ? OVERLAYS[subsystem] : codeOf(error),
      );
    });
    const found: string[] = [];
    for (const folder of folders) {
      if (folder === device || (await this.#isCalled(`${all}/${folder}`))) found.push(folder);
    }
    const [first, second] = found;
    if (first === undefined) throw this.#fault('missing', `no such device in /sys/${all}`);
    if (second !== undefined)
      throw this.#fault(
        'missing',
        `${found.length} devices have this name: ${found.join(', ')}; give a label`,
      );
    return `${all}/${first}`;
  }

  async #isCalled(folder: string): Promise<boolean> {
    const { subsystem, device } = this.#source;
    if (subsystem === 'w1') return false;
    for (const file of ['label', 'name']) {
      const text = await this.#sysfs.read(`${folder}/${file}`).catch(() => '');
      if (text.trim() === device) return true;
    }
    return false;
  }

  async #number(file: string, folder: string): Promise<number> {
    const number = await this.#optionalNumber(file, folder);
    if (number === null) throw this.#fault('missing', `has no ${file}`);
    return number;
  }

  /** `null` where there is no such file: one that is there and cannot be read is a fault, scale and offset included. */
  async #optionalNumber(file: string, folder: string): Promise<number | null> {
    let text: string;
    try {
      text = await this.#sysfs.read(`${folder}/${file}`);
    } catch (error) {
      if (isAbsent(error)) return null;
      throw this.#fault('bus', `${file} cannot be read (${codeOf(error)})`);
    }
    const number = Number(text.trim());
    if (text.trim() === '' || !Number.isFinite(number))
      throw this.#fault(
        'implausible',
        `${file} holds ${JSON.stringify(text.slice(0, 40))} instead of a number`,
      );
    return number;
  }

  #fault(code: SensorFault['code'], complaint: string): SensorError {
    const { subsystem, device } = this.#source;
    return new SensorError(code, `${subsystem} ${device}: ${complaint}`);
  }
}
