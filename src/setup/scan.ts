import type { Sysfs } from '../buses/station-buses.ts';
import { hex, type I2cBus, I2cError } from '../i2c/i2c-bus.ts';
import { isBmp280 } from '../instruments/bme280/bme280-driver.ts';
import { SensorError } from '../instruments/instrument-health.ts';
import {
  folderOf,
  KernelDevice,
  type KernelSource,
  subsystems,
} from '../instruments/kernel/kernel-device.ts';
import { Sht, sht3xFamily, sht4xFamily } from '../instruments/sht/sht-driver.ts';
import type { Clock } from '../time/clock.ts';
import { type Quantity, quantityTable } from '../weather/quantities.ts';

/** A chip that acknowledged its address. */
export type FoundChip = {
  readonly address: number;
  /** Its key under `sensors`; `null` for a chip that the program does not know, or cannot reach. */
  readonly key: 'bme280' | 'sht3x' | 'sht4x' | 'windVane' | null;
  readonly name: string;
};

/** A value that a driver of the kernel shows, and what it may be, the likeliest first. */
export type FoundValue = KernelSource & {
  readonly quantities: readonly Quantity[];
  /** What it shows now, or why it shows nothing. */
  readonly shown: string;
};

export type Found = {
  readonly chips: readonly FoundChip[];
  readonly values: readonly FoundValue[];
  /** Converters for the vane with a driver of the kernel, by name. */
  readonly converters: readonly string[];
  /** Why something could not be looked at. */
  readonly troubles: readonly string[];
};

type ScanParts = { readonly i2cBus: I2cBus; readonly sysfs: Sysfs; readonly clock: Clock };
type Identified = Omit<FoundChip, 'address'>;

const CHIP_ID = 0xd0;
const BME280_ID = 0x60;

const identifyBosch = async ({ i2cBus }: ScanParts, address: number): Promise<Identified> => {
  const [id = 0] = await i2cBus.readBlock(address, CHIP_ID, 1);
  if (id === BME280_ID) return { key: 'bme280', name: 'BME280: temperature, humidity, pressure' };
  if (isBmp280(id)) return { key: 'bme280', name: 'BMP280: temperature and pressure, no humidity' };
  return { key: null, name: `no BME280: chip id ${hex(id)}` };
};

/** SHT4x first: a command for the SHT3x would reach one of its heaters. */
const identifySht = async ({ i2cBus: bus, clock }: ScanParts, address: number): Promise<Identified> => {
  const families = [
    { key: 'sht4x', family: sht4xFamily },
    ...(address === 0x46 ? [] : [{ key: 'sht3x', family: sht3xFamily } as const]),
  ] as const;
  let failure: unknown;
  for (const { key, family } of families) {
    try {
      const serialNumber = await new Sht({ bus, address, clock, family }).readSerialNumber();
      return { key, name: `${family.name} ${serialNumber}: temperature, humidity` };
    } catch (error) {
      if (!(error instanceof SensorError)) throw error;
      failure = failure instanceof SensorError && failure.code !== 'missing' ? failure : error;
    }
  }
  if (failure instanceof SensorError && failure.cause instanceof I2cError) throw failure.cause;
  return { key: null, name: 'no SHT3x and no SHT4x' };
};

const ADS1115_CONFIG = 0x01;
/** Not converting, comparator off: so after power-on, and as the gateway leaves it. The chip has no id. */
const ADS1115_AT_REST = 0x8003;

const identifyConverter = async ({ i2cBus }: ScanParts, address: number): Promise<Identified> => {
  const word = await i2cBus.readWord(address, ADS1115_CONFIG);
  const config = ((word & 0xff) << 8) | (word >> 8);
  return (config & ADS1115_AT_REST) === ADS1115_AT_REST && config !== 0xffff
    ? { key: 'windVane', name: 'ADS1115 or ADS1015: converter for the wind vane' }
    : { key: null, name: `no ADS1115: its configuration register holds ${hex(config)}` };
};

/** Only addresses of chips that the program knows are touched: a read can upset a chip of another kind. */
const probes = [
  { addresses: [0x44, 0x45, 0x46], identify: identifySht },
  { addresses: [0x48, 0x49, 0x4a, 0x4b], identify: identifyConverter },
  { addresses: [0x76, 0x77], identify: identifyBosch },
];

/** An adapter for SMBus alone sends no command without a register, and no instrument could either. One number, two names. */
const isUnsendable = (code: string): boolean => code === 'EOPNOTSUPP' || code === 'ENOTSUP';

/** Reasons that are those of one address; any other is that of the bus. */
const isOfOneAddress = (code: string): boolean => code === 'EIO' || code === 'EBUSY';

/** What is at an address; `null` where nothing acknowledges. Rejects with what is wrong with the bus. */
const probe = async (
  parts: ScanParts,
  address: number,
  identify: (parts: ScanParts, address: number) => Promise<Identified>,
): Promise<FoundChip | null> => {
  try {
    return { address, ...(await identify(parts, address)) };
  } catch (error) {
    if (!(error instanceof I2cError)) throw error;
    if (error.isNak || isUnsendable(error.code)) return null;
    if (isOfOneAddress(error.code)) return { address, key: null, name: error.message };
    throw error;
  }
};

const scanBus = async (parts: ScanParts): Promise<Pick<Found, 'chips' | 'troubles'>> => {
  const chips: FoundChip[] = [];
  try {
    for (const { addresses, identify } of probes)
      for (const address of addresses) {
        const chip = await probe(parts, address, identify);
        if (chip !== null) chips.push(chip);
      }
  } catch (error) {
    if (!(error instanceof I2cError)) throw error;
    return { chips, troubles: [error.message] };
  }
  return { chips, troubles: [] };
};

/** What files of drivers may mean for a weather station; the machine's own temperatures and voltages are no weather. */
const meanings: readonly {
  readonly subsystem: KernelSource['subsystem'];
  readonly device: RegExp;
  readonly attribute: RegExp;
  readonly quantities: readonly Quantity[];
}[] = [
  {
    subsystem: 'w1',
    device: /^(10|22|28|3b|42)-/,
    attribute: /^temperature$/,
    quantities: ['soiltemperature', 'secondtemperature', 'temperature'],
  },
  {
    subsystem: 'iio',
    device: /./,
    attribute: /^in_temp_input$/,
    quantities: ['secondtemperature', 'temperature', 'soiltemperature'],
  },
  { subsystem: 'iio', device: /./, attribute: /^in_humidityrelative_input$/, quantities: ['humidity'] },
  { subsystem: 'iio', device: /./, attribute: /^in_pressure_input$/, quantities: ['pressure'] },
  { subsystem: 'iio', device: /./, attribute: /^in_illuminance_(input|raw)$/, quantities: ['illuminance'] },
  { subsystem: 'hwmon', device: /^ina\d/, attribute: /^in1_input$/, quantities: ['supplyvoltage'] },
  { subsystem: 'hwmon', device: /^ina\d/, attribute: /^curr1_input$/, quantities: ['supplycurrent'] },
];

/** As `sensors.kernel` takes them. */
const NAMEABLE = /^[\w:.,+-]{1,64}$/;
const CONVERTER_FILE = /^in_voltage\d+_raw$/;

const nameOf = async (
  sysfs: Sysfs,
  subsystem: KernelSource['subsystem'],
  folder: string,
): Promise<string> => {
  if (subsystem === 'w1') return folder;
  const text = await sysfs.read(`${folderOf(subsystem)}/${folder}/name`).catch(() => folder);
  return text.trim();
};

const shownValue = async (sysfs: Sysfs, source: KernelSource, quantity: Quantity): Promise<string> => {
  try {
    const { unit, shownDecimals } = quantityTable[quantity];
    return `${(await new KernelDevice(sysfs, source).read()).toFixed(shownDecimals)} ${unit}`;
  } catch (error) {
    if (error instanceof SensorError) return error.message;
    throw error;
  }
};

type KernelDeviceFiles = Pick<KernelSource, 'subsystem' | 'device'> & { readonly files: readonly string[] };

/** A folder that is missing is a subsystem without devices. */
const devicesOf = async (
  sysfs: Sysfs,
  subsystem: KernelSource['subsystem'],
): Promise<KernelDeviceFiles[]> => {
  const folders = await sysfs.list(folderOf(subsystem)).catch(() => []);
  const devices = await Promise.all(
    folders.map(async (folder) => ({
      subsystem,
      device: await nameOf(sysfs, subsystem, folder),
      files: await sysfs.list(`${folderOf(subsystem)}/${folder}`).catch(() => []),
    })),
  );
  return devices.filter(({ device }) => NAMEABLE.test(device));
};

const valuesOf = async (
  sysfs: Sysfs,
  { subsystem, device, files }: KernelDeviceFiles,
): Promise<FoundValue[]> => {
  const values: FoundValue[] = [];
  for (const meaning of meanings) {
    const { quantities } = meaning;
    const attribute = files.find((file) => meaning.attribute.test(file));
    const [likeliest] = quantities;
    const isMeant = meaning.subsystem === subsystem && meaning.device.test(device);
    if (!isMeant || attribute === undefined || likeliest === undefined) continue;
    const source = { subsystem, device, attribute };
    values.push({ ...source, quantities, shown: await shownValue(sysfs, source, likeliest) });
  }
  return values;
};

const scanKernel = async (sysfs: Sysfs): Promise<Pick<Found, 'values' | 'converters'>> => {
  const devices = (await Promise.all(subsystems.map((subsystem) => devicesOf(sysfs, subsystem)))).flat();
  const values: FoundValue[] = [];
  // One after the other: 1-Wire takes most of a second for each.
  for (const device of devices) values.push(...(await valuesOf(sysfs, device)));
  const converters = devices
    .filter(({ subsystem, files }) => subsystem === 'iio' && files.some((file) => CONVERTER_FILE.test(file)))
    .map(({ device }) => device);
  return { values, converters };
};

/** What answers at the buses of this machine. */
export const scan = async (parts: ScanParts): Promise<Found> => ({
  ...(await scanBus(parts)),
  ...(await scanKernel(parts.sysfs)),
});

/** The same where the bus cannot be used, for this reason. */
export const scanWithoutBus = async (sysfs: Sysfs, reason: string): Promise<Found> => ({
  chips: [],
  troubles: [reason],
  ...(await scanKernel(sysfs)),
});

/** One line for each thing found. */
export const describeFound = ({ chips, values, converters, troubles }: Found): string => {
  const lines = [
    ...chips.map(({ address, name }) => `  I2C ${hex(address)}  ${name}`),
    ...values.map(
      ({ subsystem, device, attribute, shown }) => `  ${subsystem} ${device}  ${attribute}: ${shown}`,
    ),
    ...converters.map((device) => `  iio ${device}  converter for the wind vane`),
    ...troubles.map((trouble) => `  ${trouble}`),
  ];
  return lines.length === 0
    ? '  nothing: no chip answers, and no driver of the kernel shows a value'
    : lines.join('\n');
};
