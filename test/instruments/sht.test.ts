import { beforeEach, describe, expect, it } from 'vitest';
import { I2cError } from '../../src/i2c/i2c-bus.ts';
import { catalogue, configuredInstruments, instrumentsIn } from '../../src/instruments/catalogue.ts';
import {
  crc8,
  Sht,
  type ShtFamily,
  type ShtReading,
  sht3xFamily,
  sht4xFamily,
  temperatureCelsius,
} from '../../src/instruments/sht/sht-driver.ts';
import { ShtChip } from '../../src/instruments/sht/simulated.ts';
import { createSimulatedI2cBus, type I2cChip } from '../../src/simulation/simulated-i2c-bus.ts';
import { openSimulatedStation } from '../../src/simulation/simulated-station.ts';
import { createManualClock, type ManualClock } from '../fakes/clock.ts';

const address = 0x44;
const families = [
  { family: sht3xFamily, name: 'SHT3x' },
  { family: sht4xFamily, name: 'SHT4x' },
];

describe('the arithmetic of the data sheets', () => {
  it('has the checksum of their example', () => {
    expect(crc8([0xbe, 0xef])).toBe(0x92);
  });

  it.each([
    [0x0000, -45],
    [0x6666, 25],
    [0xffff, 130],
  ])('makes of the temperature word %i %f °C', (word, celsius) => {
    expect(temperatureCelsius(word)).toBeCloseTo(celsius, 6);
  });

  it.each([
    [sht3xFamily, 0x0000, 0],
    [sht3xFamily, 0x8000, 50.00076],
    [sht3xFamily, 0xffff, 100],
    [sht4xFamily, 0x0000, -6],
    [sht4xFamily, 0x8000, 56.50095],
    [sht4xFamily, 0xffff, 119],
  ])('makes of the humidity word of a %o', (family, word, percent) => {
    expect(family.humidityPercent(word)).toBeCloseTo(percent, 4);
  });
});

describe.each(families)('a chip of the family $name', ({ family, name }) => {
  let clock: ManualClock;
  let air: ShtReading;
  let written: number[][];

  beforeEach(() => {
    clock = createManualClock({ isAutomatic: true });
    air = { temperatureCelsius: 21.5, humidityPercent: 48 };
    written = [];
  });

  const chipOf = (chipFamily: ShtFamily): I2cChip => {
    const chip = new ShtChip({
      family: chipFamily,
      address,
      nowMs: () => clock.monotonicMs(),
      airAt: () => air,
    });
    return {
      read: (length) => chip.read(length),
      write: (bytes) => {
        written.push([...bytes]);
        chip.write(bytes);
      },
    };
  };

  const create = (chip: I2cChip | null = chipOf(family)) => {
    const bus = createSimulatedI2cBus(new Map(chip === null ? [] : [[address, chip]]));
    return new Sht({ bus, address, clock, family });
  };

  it('is read within the resolution of its words', async () => {
    const reading = await create().read();

    expect(reading.temperatureCelsius).toBeCloseTo(21.5, 2);
    expect(reading.humidityPercent).toBeCloseTo(48, 2);
  });

  it('is reset once, and again after it failed', async () => {
    const chip = chipOf(family);
    let isBroken = false;
    const sht = create({
      read: (length) => chip.read(length),
      write: (bytes) => chip.write(bytes),
      fault: () => (isBroken ? 'EREMOTEIO' : null),
    });
    const resets = () =>
      written.filter((bytes) => family.reset.some(({ command }) => `${command}` === `${bytes}`));
    await sht.read();
    await sht.read();
    expect(resets()).toHaveLength(family.reset.length);

    isBroken = true;
    await expect(sht.read()).rejects.toMatchObject({ code: 'missing' });
    isBroken = false;
    await sht.read();

    expect(resets()).toHaveLength(2 * family.reset.length);
  });

  it('never has its heater switched on', async () => {
    const sht = create();
    await sht.readSerialNumber();
    await sht.read();

    const known = [...family.reset.map(({ command }) => command), family.measure, family.serialNumber];
    expect(known.map(String)).toEqual(expect.arrayContaining(written.map(String)));
  });

  it.each([
    [0, 0],
    [100, 100],
    [104, 100],
    [-3, 0],
  ])('in air of %i %%RH gives %i %%RH', async (humidityPercent, expected) => {
    air = { temperatureCelsius: 5, humidityPercent };

    expect((await create().read()).humidityPercent).toBeCloseTo(expected, 2);
  });

  it.each([
    ['a flipped bit in the temperature', 0],
    ['a flipped bit in the checksum of the temperature', 2],
    ['a flipped bit in the humidity', 4],
    ['a flipped bit in the checksum of the humidity', 5],
  ])('finds %s', async (_, at) => {
    const chip = chipOf(family);
    const flipped: I2cChip = {
      write: (bytes) => chip.write(bytes),
      read: (length) => chip.read(length).map((byte, index) => (index === at ? byte ^ 0x10 : byte)),
    };

    await expect(create(flipped).read()).rejects.toMatchObject({
      code: 'implausible',
      message: expect.stringContaining(`${name} 0x44: wrong checksum in `),
    });
  });

  it.each([0x00, 0xff])('does not take a line that is stuck (0x%i) for weather', async (byte) => {
    const stuck: I2cChip = { write: () => undefined, read: (length) => new Uint8Array(length).fill(byte) };

    await expect(create(stuck).read()).rejects.toMatchObject({ code: 'implausible' });
  });

  it('is missing when nothing acknowledges, and when it is of the other family', async () => {
    const other = family === sht3xFamily ? sht4xFamily : sht3xFamily;

    await expect(create(null).read()).rejects.toMatchObject({ code: 'missing' });
    await expect(create(chipOf(other)).read()).rejects.toMatchObject({ code: 'missing' });
  });

  it('has an error of the bus as its fault', async () => {
    const broken: I2cChip = {
      read: () => new Uint8Array(0),
      write: () => {
        throw new I2cError('EIO', { address });
      },
    };

    await expect(create(broken).read()).rejects.toMatchObject({ code: 'bus' });
  });

  it('tells its serial number', async () => {
    expect(await create().readSerialNumber()).toBe('12345678');
  });

  it('sends nothing before it has measured', () => {
    const chip = chipOf(family);
    chip.write(Uint8Array.from(family.measure));

    expect(() => chip.read(6)).toThrow('nothing answers');
  });
});

describe.each(['sht3x', 'sht4x'])('the instrument %s', (key) => {
  const open = async (config: object, events: object[] = []) => {
    const clock = createManualClock({ isAutomatic: true });
    const instrument = instrumentsIn(catalogue).find((each) => each.key === key);
    if (instrument === undefined) throw new Error('not in the catalogue');
    const configured = configuredInstruments({ [key]: instrument.schema.parse(config) });
    const scenario = { name: 'test', seed: 1, events: events as never };
    const { buses } = await openSimulatedStation({ clock, instruments: configured, scenario });
    const [{ config: parsed } = { config: {} }] = configured;
    return { instrument, buses, clock, parsed: parsed as never };
  };

  const measure = async (config: object, events: object[] = []) => {
    const { instrument, buses, clock, parsed } = await open(config, events);
    const parts = {
      i2cBus: buses.i2cBus,
      sysfs: buses.sysfs,
      clock,
      log: undefined as never,
      outbox: undefined as never,
    };
    const opened = await instrument.open(parsed, parts);
    return (await opened.measure({ atMs: 0, lengthMs: 12_000 })).values;
  };

  it('gives temperature and humidity of the simulated weather', async () => {
    const { temperature, humidity } = await measure({});

    expect(temperature).toBeGreaterThan(-20);
    expect(temperature).toBeLessThan(45);
    expect(humidity).toBeGreaterThan(5);
    expect(humidity).toBeLessThanOrEqual(100);
  });

  it('is corrected by its calibration', async () => {
    const before = await measure({});
    const after = await measure({
      calibration: { temperature: { scale: 1, offsetCelsius: -1.5 }, humidity: { scale: 0.5 } },
    });

    expect(after.temperature).toBeCloseTo((before.temperature ?? Number.NaN) - 1.5, 6);
    expect(after.humidity).toBeCloseTo((before.humidity ?? Number.NaN) / 2, 6);
  });

  it('has a line in doctor', async () => {
    const { instrument, buses, clock, parsed } = await open({});

    expect(await instrument.check?.run(parsed, { i2cBus: buses.i2cBus, sysfs: buses.sysfs, clock })).toMatch(
      /^serial number 12345678 at 0x44; -?\d+\.\d °C, \d+ %RH$/,
    );
  });

  it('fails and recovers as a scenario says', async () => {
    await expect(
      measure({}, [{ kind: 'busError', fromSeconds: 0, toSeconds: 60, chip: key, code: 'EIO' }]),
    ).rejects.toMatchObject({ code: 'bus' });
    await expect(measure({}, [{ kind: 'brownOut', atSeconds: 0, chip: key }])).resolves.toBeDefined();
  });
});
