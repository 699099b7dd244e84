import { describe, expect, it } from 'vitest';
import { createSimulatedSysfs } from '../../src/buses/station-buses.ts';
import { sensorsSchema } from '../../src/config/schema.ts';
import { configuredInstruments } from '../../src/instruments/catalogue.ts';
import { describeFound, scan, scanWithoutBus } from '../../src/setup/scan.ts';
import {
  createSimulatedI2cBus,
  type I2cChip,
  withRegisters,
} from '../../src/simulation/simulated-i2c-bus.ts';
import { openSimulatedStation } from '../../src/simulation/simulated-station.ts';
import { createManualClock } from '../fakes/clock.ts';

const emptySysfs = createSimulatedSysfs(new Map());

const clock = createManualClock({ isAutomatic: true });

const scanChips = (chips: ReadonlyMap<number, I2cChip>) =>
  scan({ i2cBus: createSimulatedI2cBus(chips), sysfs: emptySysfs, clock });

/** A chip that sends the same bytes from every register, and keeps what was written to it. */
const constantChip = (bytes: readonly number[]) => {
  const written: number[][] = [];
  const chip: I2cChip = {
    ...withRegisters({
      read: (_, length) => Uint8Array.from(bytes.slice(0, length)),
      write: () => undefined,
    }),
    write: (sent) => written.push([...sent]),
  };
  return { chip, written };
};

describe('the scan', () => {
  it.each([
    ['bme280', {}, '0x76  BME280: temperature, humidity, pressure'],
    ['bme280', { address: 0x77 }, '0x77  BME280: temperature, humidity, pressure'],
    ['sht3x', { address: 0x45 }, '0x45  SHT3x '],
    ['sht4x', { address: 0x44 }, '0x44  SHT4x '],
    ['windVane', { address: 0x4a }, '0x4a  ADS1115 or ADS1015'],
  ])('recognises the simulated %s with %o', async (key, part, line) => {
    const { buses } = await openSimulatedStation({
      clock,
      instruments: configuredInstruments(sensorsSchema.parse({ [key]: part })),
    });

    const found = await scan({ ...buses, clock });

    expect(found.chips.map((chip) => chip.key)).toEqual([key]);
    expect(describeFound(found)).toContain(`I2C ${line}`);
  });

  it.each([
    [0x76, [0x61], 'no BME280: chip id 0x61'],
    [0x76, [0x58], 'BMP280: temperature and pressure, no humidity'],
    [0x48, [0x60, 0xa0], 'no ADS1115: its configuration register holds 0x60a0'],
    [0x48, [0xff, 0xff], 'no ADS1115: its configuration register holds 0xffff'],
    [0x44, [1, 2, 3, 4, 5, 6], 'no SHT3x and no SHT4x'],
  ])('says what another chip at 0x%x is that sends %j', async (address, bytes, name) => {
    const { chips } = await scanChips(new Map([[address, constantChip(bytes).chip]]));

    expect(chips).toMatchObject([{ address, name }]);
  });

  it('sends no chip at the addresses of Sensirion a command that heats', async () => {
    const { chip, written } = constantChip([1, 2, 3, 4, 5, 6]);
    await scanChips(new Map([[0x46, chip]]));

    expect(written.map(([command]) => command)).toEqual([0x94, 0x89]);
  });

  it('touches only addresses of chips that the program knows', async () => {
    const strangers = [...Array(0x78).keys()].filter(
      (address) => ![0x44, 0x45, 0x46, 0x48, 0x49, 0x4a, 0x4b, 0x76, 0x77].includes(address),
    );
    const chips = strangers.map((address) => [address, constantChip([0])] as const);
    const found = await scanChips(new Map(chips.map(([address, { chip }]) => [address, chip])));

    expect(found.chips).toEqual([]);
    expect(chips.flatMap(([, { written }]) => written)).toEqual([]);
  });

  it('goes on where the adapter, for SMBus alone, sends no command without a register', async () => {
    const unasked: I2cChip = { ...constantChip([0]).chip, fault: () => 'ENOTSUP' };

    const { chips, troubles } = await scanChips(
      new Map([
        [0x44, unasked],
        [0x76, constantChip([0x60]).chip],
      ]),
    );

    expect(chips.map(({ key }) => key)).toEqual(['bme280']);
    expect(troubles).toEqual([]);
  });

  it('goes on after a chip that a driver of the kernel owns, and ends with a bus that is missing', async () => {
    const faulty = (code: string): I2cChip => ({ ...constantChip([0]).chip, fault: () => code });

    const owned = await scanChips(
      new Map([
        [0x48, faulty('EBUSY')],
        [0x76, constantChip([0x60]).chip],
      ]),
    );
    expect(owned.chips.map(({ key }) => key)).toEqual([null, 'bme280']);
    expect(owned.chips[0]?.name).toContain('a kernel driver owns this address');

    const absent = await scanChips(new Map([[0x44, faulty('ENOENT')]]));
    expect(absent.chips).toEqual([]);
    expect(absent.troubles).toHaveLength(1);
    expect(absent.troubles[0]).toContain('switch I2C on: sudo raspi-config nonint do_i2c 0');
  });

  it('lists what drivers of the kernel show, and none of the values of the machine itself', async () => {
    const sysfs = createSimulatedSysfs(
      new Map([
        ['bus/w1/devices/28-0316a2798fff/temperature', () => '18250\n'],
        ['bus/w1/devices/w1_bus_master1/w1_master_slave_count', () => '1\n'],
        ['bus/iio/devices/iio:device0/name', () => 'mcp3008\n'],
        ['bus/iio/devices/iio:device0/in_voltage0_raw', () => '12\n'],
        ['bus/iio/devices/iio:device1/name', () => 'bmp380\n'],
        ['bus/iio/devices/iio:device1/in_pressure_input', () => '101.325\n'],
        ['class/hwmon/hwmon0/name', () => 'cpu_thermal\n'],
        ['class/hwmon/hwmon0/temp1_input', () => '48000\n'],
        ['class/hwmon/hwmon1/name', () => 'ina219\n'],
        ['class/hwmon/hwmon1/in1_input', () => '12400\n'],
        ['class/hwmon/hwmon1/curr1_input', () => 'rubbish\n'],
        ['class/hwmon/hwmon2/name', () => 'a name\u001b[2J\n'],
        ['class/hwmon/hwmon2/in1_input', () => '1\n'],
      ]),
    );

    const found = await scanWithoutBus(sysfs, 'no bus');

    expect(found.converters).toEqual(['mcp3008']);
    expect(describeFound(found).split('\n')).toEqual([
      '  w1 28-0316a2798fff  temperature: 18.3 °C',
      '  iio bmp380  in_pressure_input: 1013.3 hPa',
      '  hwmon ina219  in1_input: 12.40 V',
      '  hwmon ina219  curr1_input: hwmon ina219: curr1_input holds "rubbish\\n" instead of a number',
      '  iio mcp3008  converter for the wind vane',
      '  no bus',
    ]);
  });

  it('says so where there is nothing', () => {
    expect(describeFound({ chips: [], values: [], converters: [], troubles: [] })).toContain('nothing:');
  });
});
