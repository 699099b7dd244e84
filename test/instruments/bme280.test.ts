import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { Bme280 } from '../../src/instruments/bme280/bme280-driver.ts';
import { storeCoefficients } from '../../src/instruments/bme280/compensation.ts';
import { burstOf, type RawSample, typicalCoefficients } from '../../src/instruments/bme280/simulated.ts';
import { SensorError } from '../../src/instruments/instrument-health.ts';
import { createScriptedBme280, type ScriptedBme280, workedExample } from '../fakes/bme280.ts';
import { createManualClock, type ManualClock } from '../fakes/clock.ts';
import { createFakeI2cBus, createRegisterMap, type FakeI2cBus } from '../fakes/i2c-bus.ts';

const address = 0x76;

describe('the BME280 driver', () => {
  let bus: FakeI2cBus;
  let scripted: ScriptedBme280;
  let clock: ManualClock;

  beforeEach(() => {
    bus = createFakeI2cBus();
    clock = createManualClock({ isAutomatic: true });
    scripted = createScriptedBme280(clock);
    bus.attach(address, scripted.chip);
  });

  const create = (options: { maxIdenticalBursts?: number } = {}) =>
    new Bme280({ bus, address, clock, ...options });

  const faultOf = async (reading: Promise<unknown>): Promise<SensorError> => {
    const error = await reading.then(
      () => new Error('a reading'),
      (reason: unknown) => reason,
    );
    if (!(error instanceof SensorError)) throw error;
    return error;
  };

  const writes = (): string[] =>
    bus.calls
      .filter(({ kind }) => kind.startsWith('write'))
      .map(({ register = 0, value }) => `${register.toString(16)}=${value?.toString(16)}`);

  it.each([0x76, 0x77])('measures at address %i', async (at) => {
    bus.attach(at, scripted.chip);

    const reading = await new Bme280({ bus, address: at, clock }).read();

    expect(reading.temperatureCelsius).toBe(25.08);
    expect(reading.pressureHpa).toBeCloseTo(1006.5327, 3);
    expect(reading.humidityPercent).toBeCloseTo(55.0007, 4);
    expect(bus.calls.every(({ address: called }) => called === at)).toBe(true);
  });

  it('resets the chip once, then triggers each measurement in forced mode x1 without filter', async () => {
    const sensor = create();

    await sensor.read();
    await sensor.read();

    expect(writes()).toEqual(['e0=b6', 'f2=1', 'f5=0', 'f4=25', 'f2=1', 'f5=0', 'f4=25']);
  });

  it('never writes to the read-only chip id, as the init() of bme280-sensor does', async () => {
    await create().read();

    expect(bus.calls.filter(({ kind, register }) => kind !== 'readBlock' && register === 0xd0)).toEqual([]);
  });

  it('waits 9.3 ms and as long as the chip says it is measuring', async () => {
    bus.attach(address, createScriptedBme280(clock, { conversionMs: 15.5 }).chip);
    const sensor = create();
    const startMs = clock.monotonicMs();

    await sensor.read();

    expect(clock.monotonicMs() - startMs).toBe(3 + 10 + 3 * 2);
  });

  it('reads the eight data bytes in one burst', async () => {
    await create().read();

    expect(bus.calls.filter(({ register = 0 }) => register >= 0xf7)).toHaveLength(1);
  });

  it('takes a chip that never finishes for not ready', async () => {
    bus.attach(address, createScriptedBme280(clock, { conversionMs: 1_000 }).chip);

    expect(await faultOf(create().read())).toMatchObject({
      code: 'not-ready',
      message: 'BME280 0x76: does not finish measuring',
    });
  });

  it('works where the mode bits never go back to sleep, as on i2c-stub', async () => {
    const { registers, ...stub } = createRegisterMap();
    storeCoefficients(typicalCoefficients, registers);
    registers[0xd0] = 0x60;
    registers.set(burstOf(workedExample), 0xf7);
    bus.attach(address, stub);
    const sensor = create();

    const readings = [await sensor.read(), await sensor.read()];

    expect(readings.map(({ temperatureCelsius }) => temperatureCelsius)).toEqual([25.08, 25.08]);
    expect(registers[0xf4]).toBe(0x25);
  });

  describe('where bme280-sensor fails', () => {
    it.each([
      ['dig_H5', -20, 56.2271, 0],
      ['dig_H6', -30, 52.5384, 63.0],
    ])('keeps the sign of %s = %i', async (name, value, percent) => {
      const coefficients = { ...typicalCoefficients, [name]: value };
      bus.attach(address, createScriptedBme280(clock, { coefficients }).chip);

      expect((await create().read()).humidityPercent).toBeCloseTo(percent, 4);
    });

    it.each([0x88, 0xe1])('rejects when the calibration read at %i is not acknowledged', async (register) => {
      bus.fail('EREMOTEIO', 1, (call) => call.register === register);
      const sensor = create();

      expect(await faultOf(sensor.read())).toMatchObject({ code: 'missing' });
      expect((await sensor.read()).temperatureCelsius).toBe(25.08);
    });

    it('rejects reset values instead of reporting 26.46 °C, 70.5 % and 820 hPa', async () => {
      scripted.raws.push({ adc_T: 0x80000, adc_P: 0x80000, adc_H: 0x8000 });

      expect(await faultOf(create().read())).toMatchObject({
        code: 'implausible',
        message: 'BME280 0x76: sends no measurement but 8000008000008000',
      });
    });

    it('prints nothing', async () => {
      const printed: unknown[] = [];
      const { log, warn, error } = console;
      onTestFinished(() => {
        Object.assign(console, { log, warn, error });
      });
      const print = (...args: unknown[]): number => printed.push(args);
      Object.assign(console, { log: print, warn: print, error: print });

      await create().read();

      expect(printed).toEqual([]);
    });
  });

  it.each([
    [{ ...workedExample, adc_T: 0x80000 }, 26.46],
    [{ ...workedExample, adc_P: 0x80000 }, 25.08],
    [{ ...workedExample, adc_H: 0x8000 }, 25.08],
  ])('believes %o, where one value alone meets its reset value', async (raw, celsius) => {
    scripted.raws.push(raw);

    expect((await create().read()).temperatureCelsius).toBe(celsius);
  });

  /** A measurement with these raw values beside those of the worked example. */
  const readingOf = (raw: Partial<RawSample>) => {
    scripted.raws.push({ ...workedExample, ...raw });
    return create().read();
  };

  it.each([0, 0x8000])('knows no humidity of a dead cell, which gives %i', async (adc_H) => {
    expect(await readingOf({ adc_H })).toMatchObject({ temperatureCelsius: 25.08, humidityPercent: null });
  });

  it.each([
    ['a pressure', { adc_P: 230_000 }],
    ['a temperature', { adc_T: 820_000 }],
  ])('trusts nothing of a chip that gives %s out of its range, as two at one address do', async (_, raw) => {
    expect(await faultOf(readingOf(raw))).toMatchObject({
      code: 'implausible',
      message: expect.stringMatching(/two chips at one address/),
    });
  });

  it.each([0x00, 0xff])('rejects a burst of only 0x%s', async (byte) => {
    const { registers, ...stub } = createRegisterMap();
    storeCoefficients(typicalCoefficients, registers);
    registers[0xd0] = 0x60;
    registers.fill(byte, 0xf7);
    bus.attach(address, stub);

    expect(await faultOf(create().read())).toMatchObject({ code: 'implausible' });
  });

  it('starts the chip again after a brown-out between two readings', async () => {
    const sensor = create();
    await sensor.read();
    scripted.chip.powerOn();
    bus.calls.length = 0;

    expect((await sensor.read()).temperatureCelsius).toBe(25.08);

    expect(bus.calls.some(({ register }) => register === 0x88)).toBe(true);
  });

  it('rejects a measurement during which the chip was reset, then recovers', async () => {
    const { chip } = scripted;
    let resets = 1;
    bus.attach(address, {
      read: (register, length) => chip.read(register, length),
      write: (register, bytes) => {
        chip.write(register, bytes);
        if (register === 0xf4 && resets-- > 0) chip.powerOn();
      },
    });
    const sensor = create();

    expect(await faultOf(sensor.read())).toMatchObject({
      code: 'not-ready',
      message: 'BME280 0x76: was reset while it measured; check its supply',
    });
    expect((await sensor.read()).temperatureCelsius).toBe(25.08);
  });

  it.each([
    [0x61, 'chip id 0x61 is a BME680; a BME280 has 0x60'],
    [0x00, 'chip id 0x00 is nothing that works: SDA is held low; a BME280 has 0x60'],
    [0x42, 'chip id 0x42 is no chip of this family; a BME280 has 0x60'],
  ])('refuses chip id %i', async (chipId, message) => {
    bus.attach(address, createScriptedBme280(clock, { chipId }).chip);

    expect(await faultOf(create().read())).toMatchObject({
      code: 'wrong-chip',
      message: `BME280 0x76: ${message}`,
    });
  });

  it('checks the chip id at every reading', async () => {
    const sensor = create();
    await sensor.read();
    bus.attach(address, createScriptedBme280(clock, { chipId: 0x61 }).chip);

    expect(await faultOf(sensor.read())).toMatchObject({ code: 'wrong-chip' });
  });

  it.each([0x56, 0x57, 0x58])('reads temperature and pressure of a BMP280 (chip id %i)', async (chipId) => {
    const sensor = create();
    const { temperatureCelsius, pressureHpa } = await sensor.read();
    bus.attach(address, createScriptedBme280(clock, { chipId }).chip);

    for (let reading = 0; reading < 3; reading += 1)
      expect(await sensor.read()).toEqual({ temperatureCelsius, pressureHpa, humidityPercent: null, chipId });
  });

  it.each([
    ['EREMOTEIO', 'missing'],
    ['ENXIO', 'missing'],
    ['ENODEV', 'missing'],
    ['EIO', 'bus'],
    ['ETIMEDOUT', 'bus'],
  ])('reports %s as %s and starts the chip again', async (code, fault) => {
    const sensor = create();
    await sensor.read();
    bus.fail(code, 1, ({ register }) => register === 0xf7);

    expect(await faultOf(sensor.read())).toMatchObject({ code: fault });
    bus.calls.length = 0;
    await sensor.read();

    expect(writes()[0]).toBe('e0=b6');
  });

  it('rejects a chip that repeats itself, until its data change', async () => {
    const sensor = create({ maxIdenticalBursts: 3 });
    await sensor.read();
    await sensor.read();

    expect(await faultOf(sensor.read())).toMatchObject({
      code: 'implausible',
      message: 'BME280 0x76: hangs: 3 identical measurements in a row',
    });
    expect(await faultOf(sensor.read())).toMatchObject({ code: 'implausible' });
    scripted.raws.push({ ...workedExample, adc_T: 519_904 });
    expect((await sensor.read()).temperatureCelsius).toBe(25.09);
  });

  it('lets a bug through as what it is', async () => {
    bus.attach(address, {
      read: () => {
        throw new TypeError('a bug');
      },
      write: () => undefined,
    });

    await expect(create().read()).rejects.toThrow(TypeError);
  });
});
