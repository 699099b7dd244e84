import { statfs } from 'node:fs/promises';
import type { Sysfs } from '../buses/station-buses.ts';
import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';

/** How the machine under the daemon is doing. What it does not tell has no key. */
export type MachineStatus = {
  /** The supply was too low within the last look. */
  readonly isUnderVoltage?: boolean;
  /** How often the supply became too low, since start. */
  readonly underVoltages?: number;
  /** UTC, when it last was. */
  readonly lastUnderVoltage?: string;
  /** The firmware slows the processor down, for its supply or its heat. */
  readonly isThrottled?: boolean;
  readonly temperatureCelsius?: number;
  readonly freeMemoryBytes?: number;
  /** Processes that ran or wanted to, on average over five minutes. */
  readonly load?: number;
  /** Where the store lies. */
  readonly freeDiskBytes?: number;
  readonly wifiSignalDbm?: number;
};

type MachineWatchParts = {
  readonly sysfs: Sysfs;
  /** `/proc`. */
  readonly procfs: Sysfs;
  /** Where the store lies. */
  readonly directory: string;
  readonly clock: Clock;
  /** UTC, for people. */
  readonly datetime: () => string;
  readonly freeBytesAt?: (directory: string) => Promise<number>;
};

/** The kernel's driver asks the firmware so often, and its alarm stands until it asks again. */
const VOLTAGE_EVERY_MS = 2_000;
const REST_EVERY_MS = 60_000;

const HWMON = 'class/hwmon';
/** The Raspberry Pi's supply: Linux, drivers/hwmon/raspberrypi-hwmon.c. */
const VOLTAGE_DRIVER = 'rpi_volt';
const VOLTAGE_ALARM = 'in0_lcrit_alarm';
/**
 * The firmware's bits in hexadecimal: 0 too low, 1 to 3 slowed down, and 16 higher each for "since the last question".
 * The kernel calls the file deprecated, once a boot and in its log, but shows throttling nowhere else.
 */
const FIRMWARE_BITS = 'devices/platform/soc/soc:firmware/get_throttled';
const UNDER_VOLTAGE_BITS = 0x1_0001;
const THROTTLED_BITS = 0xe_000e;

export const freeBytesOf = async (directory: string): Promise<number> => {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
};

type Absent = { readonly [Key in keyof MachineStatus]: MachineStatus[Key] | null };

/** Without the keys that have no value. */
const present = (status: Absent): MachineStatus =>
  Object.fromEntries(
    Object.entries(status).filter(([, value]) => value !== null && !Number.isNaN(value)),
  ) satisfies MachineStatus;

/** Looks at the machine from time to time. A file that is missing or cannot be read is what this machine does not tell. */
export class MachineWatch {
  readonly #parts: MachineWatchParts;
  #voltageFile: string | null = null;
  #rest: MachineStatus = {};
  #isUnderVoltage: boolean | null = null;
  #underVoltages = 0;
  #lastUnderVoltage: string | null = null;

  constructor(parts: MachineWatchParts) {
    this.#parts = parts;
  }

  status(): MachineStatus {
    return {
      ...present({
        isUnderVoltage: this.#isUnderVoltage,
        underVoltages: this.#isUnderVoltage === null ? null : this.#underVoltages,
        lastUnderVoltage: this.#lastUnderVoltage,
      }),
      ...this.#rest,
    };
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    let restDueMs = clock.monotonicMs();
    while (!signal.aborted) {
      if (clock.monotonicMs() >= restDueMs) {
        restDueMs = clock.monotonicMs() + REST_EVERY_MS;
        await this.#lookAtAll();
      }
      if (this.#voltageFile !== null) {
        const alarm = await this.#numberIn(this.#parts.sysfs, this.#voltageFile);
        if (alarm !== null) this.#noteVoltage(alarm !== 0);
      }
      const pauseMs = this.#voltageFile === null ? REST_EVERY_MS : VOLTAGE_EVERY_MS;
      await pause(clock, pauseMs, signal);
    }
  }

  async #lookAtAll(): Promise<void> {
    const { sysfs, procfs, directory, freeBytesAt = freeBytesOf } = this.#parts;
    this.#voltageFile ??= await this.#findVoltageFile();
    const firmware = await this.#matchIn(sysfs, FIRMWARE_BITS, /^(?:0x)?([0-9a-f]+)/i);
    const bits = firmware === null ? null : Number.parseInt(firmware, 16);
    if (this.#voltageFile === null && bits !== null) this.#noteVoltage((bits & UNDER_VOLTAGE_BITS) !== 0);
    const milliCelsius = await this.#numberIn(sysfs, 'class/thermal/thermal_zone0/temp');
    const freeKilobytes = await this.#matchIn(procfs, 'meminfo', /^MemAvailable:\s+(\d+) kB/m);
    const load = await this.#matchIn(procfs, 'loadavg', /^\S+ (\S+)/);
    // face | tus | link level noise: the level is in dBm where it is negative.
    const signal = await this.#matchIn(procfs, 'net/wireless', /^\s*\w+:\s+\w+\s+\S+\s+(-\d+)/m);
    const freeDisk = await freeBytesAt(directory).catch(() => null);
    this.#rest = present({
      isThrottled: bits === null ? null : (bits & THROTTLED_BITS) !== 0,
      temperatureCelsius: milliCelsius === null ? null : milliCelsius / 1_000,
      freeMemoryBytes: freeKilobytes === null ? null : Number(freeKilobytes) * 1_024,
      load: load === null ? null : Number(load),
      freeDiskBytes: freeDisk,
      wifiSignalDbm: signal === null ? null : Number(signal),
    });
  }

  #noteVoltage(isLow: boolean): void {
    if (isLow) {
      if (this.#isUnderVoltage !== true) this.#underVoltages += 1;
      this.#lastUnderVoltage = this.#parts.datetime();
    }
    this.#isUnderVoltage = isLow;
  }

  async #findVoltageFile(): Promise<string | null> {
    const { sysfs } = this.#parts;
    const devices = await sysfs.list(HWMON).catch(() => []);
    for (const device of devices) {
      const name = await sysfs.read(`${HWMON}/${device}/name`).catch(() => '');
      if (name.trim() === VOLTAGE_DRIVER) return `${HWMON}/${device}/${VOLTAGE_ALARM}`;
    }
    return null;
  }

  async #numberIn(files: Sysfs, file: string): Promise<number | null> {
    const text = await this.#matchIn(files, file, /^\s*(-?\d+)/);
    return text === null ? null : Number(text);
  }

  async #matchIn(files: Sysfs, file: string, pattern: RegExp): Promise<string | null> {
    const text = await files.read(file).catch(() => '');
    return pattern.exec(text)?.[1] ?? null;
  }
}
