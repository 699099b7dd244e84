import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSimulatedSysfs } from '../../src/buses/station-buses.ts';
import { loadConfig } from '../../src/config/load.ts';
import { sensorsSchema } from '../../src/config/schema.ts';
import { configuredInstruments } from '../../src/instruments/catalogue.ts';
import { KernelDevice, type KernelSource } from '../../src/instruments/kernel/kernel-device.ts';
import { openSimulatedStation } from '../../src/simulation/simulated-station.ts';
import { createManualClock } from '../fakes/clock.ts';

type Files = Readonly<Record<string, string | Error>>;

const failing = (code: string): Error => Object.assign(new Error(code), { code });

const sysfsOf = (files: Files) =>
  createSimulatedSysfs(new Map(Object.entries(files).map(([file, text]) => [file, () => text])));

const read = (files: Files, source: KernelSource): Promise<number> =>
  new KernelDevice(sysfsOf(files), source).read();

const soil = { subsystem: 'w1', device: '28-0316a2798fff', attribute: 'temperature' } as const;
const soilFile = 'bus/w1/devices/28-0316a2798fff/temperature';
const bus = { 'bus/w1/devices/w1_bus_master1/uevent': '' };

describe('a device of the kernel', () => {
  it.each<[string, Files, KernelSource, number]>([
    ['a DS18B20 in m°C', { [soilFile]: '21562\n' }, soil, 21.562],
    ['a DS18B20 below zero', { [soilFile]: '-625\n' }, soil, -0.625],
    [
      'the pressure of a BMP380 in kPa',
      {
        'bus/iio/devices/iio:device0/name': 'bmp380\n',
        'bus/iio/devices/iio:device0/in_pressure_input': '101.325\n',
      },
      { subsystem: 'iio', device: 'bmp380', attribute: 'in_pressure_input' },
      1013.25,
    ],
    [
      'the humidity of an HDC1080 from raw, offset and scale',
      {
        'bus/iio/devices/iio:device1/name': 'hdc1000\n',
        'bus/iio/devices/iio:device1/in_humidityrelative_raw': '32768\n',
        'bus/iio/devices/iio:device1/in_humidityrelative_scale': '1.525878906\n',
      },
      { subsystem: 'iio', device: 'hdc1000', attribute: 'in_humidityrelative_raw' },
      50,
    ],
    [
      'a temperature from raw, offset and scale',
      {
        'bus/iio/devices/iio:device1/name': 'hdc1000\n',
        'bus/iio/devices/iio:device1/in_temp_raw': '26214\n',
        'bus/iio/devices/iio:device1/in_temp_offset': '-15887.515151\n',
        'bus/iio/devices/iio:device1/in_temp_scale': '2.517700195\n',
      },
      { subsystem: 'iio', device: 'hdc1000', attribute: 'in_temp_raw' },
      25.99901,
    ],
    [
      'a channel of an MCP3008, whose scale stands once for all',
      {
        'bus/iio/devices/iio:device0/name': 'mcp3008\n',
        'bus/iio/devices/iio:device0/in_voltage3_raw': '512\n',
        'bus/iio/devices/iio:device0/in_voltage_scale': '3.222656250\n',
      },
      { subsystem: 'iio', device: 'mcp3008', attribute: 'in_voltage3_raw' },
      1.65,
    ],
    [
      'what lies between two inputs of an MCP3008',
      {
        'bus/iio/devices/iio:device0/name': 'mcp3008\n',
        'bus/iio/devices/iio:device0/in_voltage0-voltage1_raw': '512\n',
        'bus/iio/devices/iio:device0/in_voltage-voltage_scale': '3.222656250\n',
      },
      { subsystem: 'iio', device: 'mcp3008', attribute: 'in_voltage0-voltage1_raw' },
      1.65,
    ],
    [
      'what an MLX90614 looks at, whose scale stands once for all',
      {
        'bus/iio/devices/iio:device0/name': 'mlx90614\n',
        'bus/iio/devices/iio:device0/in_temp_object_raw': '14657\n',
        'bus/iio/devices/iio:device0/in_temp_offset': '-13657.500000\n',
        'bus/iio/devices/iio:device0/in_temp_scale': '20\n',
      },
      { subsystem: 'iio', device: 'mlx90614', attribute: 'in_temp_object_raw' },
      19.99,
    ],
    [
      'the illuminance of a BH1750',
      {
        'bus/iio/devices/iio:device0/name': 'bh1750\n',
        'bus/iio/devices/iio:device0/in_illuminance_raw': '1200\n',
        'bus/iio/devices/iio:device0/in_illuminance_scale': '0.833333\n',
      },
      { subsystem: 'iio', device: 'bh1750', attribute: 'in_illuminance_raw' },
      999.9996,
    ],
    [
      'the voltage of an INA219 in mV',
      { 'class/hwmon/hwmon2/name': 'ina219\n', 'class/hwmon/hwmon2/in1_input': '12870\n' },
      { subsystem: 'hwmon', device: 'ina219', attribute: 'in1_input' },
      12.87,
    ],
    [
      'the current of an INA219 in mA',
      { 'class/hwmon/hwmon2/name': 'ina219\n', 'class/hwmon/hwmon2/curr1_input': '-250\n' },
      { subsystem: 'hwmon', device: 'ina219', attribute: 'curr1_input' },
      -0.25,
    ],
  ])('gives %s', async (_, files, source, expected) => {
    expect(await read(files, source)).toBeCloseTo(expected, 4);
  });

  it('is found by its label where two have one name', async () => {
    const files = {
      'class/hwmon/hwmon0/name': 'ina219\n',
      'class/hwmon/hwmon0/label': 'battery\n',
      'class/hwmon/hwmon0/in1_input': '12000\n',
      'class/hwmon/hwmon1/name': 'ina219\n',
      'class/hwmon/hwmon1/label': 'panel\n',
      'class/hwmon/hwmon1/in1_input': '18000\n',
    };
    const at = (device: string) => read(files, { subsystem: 'hwmon', device, attribute: 'in1_input' });

    expect(await at('panel')).toBe(18);
    expect(await at('battery')).toBe(12);
    await expect(at('ina219')).rejects.toMatchObject({
      code: 'missing',
      message: 'hwmon ina219: 2 devices have this name: hwmon0, hwmon1; give a label',
    });
  });

  it('is found again when the kernel gives it another number', async () => {
    let number = 0;
    const files = new Map(
      [0, 1].flatMap((each) => [
        [`class/hwmon/hwmon${each}/name`, () => (each === number ? 'ina219\n' : 'cpu_thermal\n')] as const,
        [`class/hwmon/hwmon${each}/in1_input`, () => `${(each + 1) * 1000}\n`] as const,
      ]),
    );
    const device = new KernelDevice(createSimulatedSysfs(files), {
      subsystem: 'hwmon',
      device: 'ina219',
      attribute: 'in1_input',
    });
    expect(await device.read()).toBe(1);

    number = 1;
    expect(await device.read()).toBe(2);
  });

  it.each<[string, Files, string, string]>([
    [
      'no 1-Wire bus',
      {},
      'missing',
      'w1 28-0316a2798fff: no 1-Wire bus; add dtoverlay=w1-gpio to config.txt',
    ],
    ['a bus without it', bus, 'missing', 'w1 28-0316a2798fff: no such device in /sys/bus/w1/devices'],
    [
      'no such attribute',
      { 'bus/w1/devices/28-0316a2798fff/name': '' },
      'missing',
      'w1 28-0316a2798fff: has no temperature',
    ],
    ['85 °C, as after power-on', { [soilFile]: '85000\n' }, 'not-ready', 'shows 85 °C'],
    ['a failed checksum', { [soilFile]: failing('EIO') }, 'bus', 'temperature cannot be read (EIO)'],
    ['no permission', { [soilFile]: failing('EACCES') }, 'bus', 'temperature cannot be read (EACCES)'],
    [
      'a device that goes while it is read',
      { [soilFile]: failing('ENODEV') },
      'missing',
      'has no temperature',
    ],
    ['an empty file', { [soilFile]: '\n' }, 'implausible', 'holds "\\n" instead of a number'],
    [
      'something else than a number',
      { [soilFile]: 'busy\n' },
      'implausible',
      'holds "busy\\n" instead of a number',
    ],
  ])('fails with %s', async (_, files, code, message) => {
    await expect(read(files, soil)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});

describe('85 °C in hwmon', () => {
  const folder = 'class/hwmon/hwmon2';
  const readAs = (device: string, name: string, text = '85000\n') =>
    read(
      { [`${folder}/name`]: `${name}\n`, [`${folder}/temp1_input`]: text },
      { subsystem: 'hwmon', device, attribute: 'temp1_input' },
    );

  it.each(['w1_slave_temp', 'hwmon2'])('is no value of a sensor on 1-Wire, as %s', async (device) => {
    await expect(readAs(device, 'w1_slave_temp')).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining('shows 85 °C, which it does before its first conversion'),
    });
    expect(await readAs(device, 'w1_slave_temp', '85062\n')).toBeCloseTo(85.062);
  });

  it('is the temperature of anything else', async () => {
    expect(await readAs('cpu_thermal', 'cpu_thermal')).toBe(85);
  });
});

describe('a raw value of the kernel', () => {
  const folder = 'bus/iio/devices/iio:device0';
  const input = { subsystem: 'iio', device: 'mcp3008', attribute: 'in_voltage3_raw' } as const;

  it.each<[string, Files, string, string]>([
    [
      'a scale that cannot be read',
      { in_voltage_scale: failing('EINVAL') },
      'bus',
      'in_voltage_scale cannot be read (EINVAL)',
    ],
    [
      'a scale that is no number',
      { in_voltage_scale: 'nan\n' },
      'implausible',
      'in_voltage_scale holds "nan\\n"',
    ],
    ['an empty offset', { in_voltage3_offset: '' }, 'implausible', 'in_voltage3_offset holds ""'],
  ])('is no value with %s', async (_, files, code, message) => {
    const named = Object.entries({ name: 'mcp3008', in_voltage3_raw: '512', ...files });
    const all = Object.fromEntries(named.map(([file, text]) => [`${folder}/${file}`, text]));

    await expect(read(all, input)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});

describe('the instruments of the kernel', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kernel-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const problemsOf = async (text: string) => {
    const file = join(folder, 'gateway.yaml');
    await writeFile(
      file,
      `station: { id: "1", name: Test }
aws: { endpoint: localhost, certificate: /nowhere/device.pem, privateKey: /nowhere/device.key }
sensors: { kernel: ${text} }
`,
    );
    const { problems = [] } = await loadConfig(file);
    return problems.map(({ key, found, allowed }) => `${key}: ${found}; ${allowed}`);
  };

  const openAll = async (kernel: object) => {
    const clock = createManualClock({ isAutomatic: true });
    const configured = configuredInstruments(sensorsSchema.parse({ kernel }));
    const { buses } = await openSimulatedStation({ clock, instruments: configured });
    const parts = { ...buses, clock, log: undefined as never, outbox: undefined as never };
    return { configured, parts };
  };

  const battery = { subsystem: 'hwmon', device: 'ina219', attribute: 'in1_input', quantity: 'supplyvoltage' };

  it('are one for each name, with their own quantity', async () => {
    const { configured } = await openAll({
      soil: { subsystem: 'w1', device: '28-0316a2798fff', quantity: 'soiltemperature' },
      battery,
    });

    expect(
      configured.map(({ instrument, config }) => [
        instrument.key,
        instrument.title,
        instrument.quantities(config),
      ]),
    ).toEqual([
      ['kernel.soil', 'Soil temperature, 28-0316a2798fff', ['soiltemperature']],
      ['kernel.battery', 'Supply voltage, ina219', ['supplyvoltage']],
    ]);
  });

  it.each([
    ['temperature', 'w1', 'temperature'],
    ['secondtemperature', 'hwmon', 'temp1_input'],
    ['humidity', 'iio', 'in_humidityrelative_input'],
    ['pressure', 'iio', 'in_pressure_input'],
    ['soiltemperature', 'w1', 'temperature'],
    ['supplyvoltage', 'hwmon', 'in1_input'],
    ['supplycurrent', 'hwmon', 'curr1_input'],
    ['illuminance', 'iio', 'in_illuminance_input'],
  ])('measure %s in the simulation, and tell doctor', async (quantity, subsystem, attribute) => {
    const { configured, parts } = await openAll({
      probe: { subsystem, device: 'chip-1', attribute, quantity, scale: 2, offset: 1 },
    });
    const [{ instrument, config } = { instrument: undefined, config: {} }] = configured;
    const opened = await instrument?.open(config, parts);
    const measured = await opened?.measure({ atMs: 0, lengthMs: 12_000 });

    expect(measured?.values).toEqual({ [quantity]: expect.any(Number) });
    expect(await instrument?.check?.run(config, parts)).toMatch(
      new RegExp(`^${subsystem} chip-1: .+ -?\\d+(\\.\\d+)? (°C|%RH|hPa|V|A|lx)$`),
    );
  });

  it('apply scale and offset to the value in the unit of the quantity', async () => {
    const { configured, parts } = await openAll({ battery: { ...battery, scale: 11, offset: -0.1 } });
    const [{ instrument, config } = { instrument: undefined, config: {} }] = configured;
    const sysfs = sysfsOf({
      'class/hwmon/hwmon0/name': 'ina219\n',
      'class/hwmon/hwmon0/in1_input': '1200\n',
    });
    const opened = await instrument?.open(config, { ...parts, sysfs });
    const measured = await opened?.measure({ atMs: 0, lengthMs: 12_000 });

    expect(measured?.values.supplyvoltage).toBeCloseTo(13.1, 6);
  });

  it('measure nothing with a factor of 0', async () => {
    const found = await problemsOf(
      '{ soil: { subsystem: w1, device: 28-1, quantity: soiltemperature, scale: 0 } }',
    );

    expect(found).toEqual(['sensors.kernel.soil.scale: 0; a number from -1000000 to 1000000, and not 0']);
  });

  it('are refused with every problem of their configuration', async () => {
    expect(
      await problemsOf(
        '{ soil: { subsystem: spi, device: "../x", quantity: windgust, scal: 2 }, "a b": { subsystem: w1, device: "28-1", quantity: soiltemperature } }',
      ),
    ).toEqual([
      'sensors.kernel.soil.subsystem: "spi"; one of w1, iio, hwmon',
      'sensors.kernel.soil.device: "../x"; a name such as 28-0316a2798fff, bmp380 or ina219',
      expect.stringContaining(
        'sensors.kernel.soil.quantity: "windgust"; one of temperature, humidity, pressure',
      ),
      expect.stringMatching(/^sensors\.kernel\.soil\.scal: an unknown key; .+did you mean scale\?/),
      expect.stringMatching(/^sensors\.kernel\.a b: .+; under a name of 1 to 32 letters and digits/),
    ]);
  });
});
