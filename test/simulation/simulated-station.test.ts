import { afterEach, describe, expect, it } from 'vitest';
import { Bme280 } from '../../src/instruments/bme280/bme280-driver.ts';
import { createBounceFilter } from '../../src/instruments/contacts.ts';
import { vaneOhms } from '../../src/instruments/wind-vane/simulated.ts';
import type { Scenario, ScenarioEvent } from '../../src/simulation/scenario.ts';
import { clockContract } from '../contract/clock.ts';
import { describeI2cBus, describePlainI2c } from '../contract/i2c-bus.ts';
import { createManualClock } from '../fakes/clock.ts';
import { type FastStation, openFastStation, recordEdges, usualSensors } from '../fakes/simulated-station.ts';

const scenarioOf = (...events: ScenarioEvent[]): Scenario => ({
  name: 'test',
  seed: 5,
  startsAt: '2026-07-01T12:00:00Z',
  events,
});

const openBusHarness = async () => ({
  bus: (await openFastStation()).buses.i2cBus,
  byteRegister: { address: 0x76, register: 0xf5 },
  wordRegister: { address: 0x48, register: 2 },
  absentAddress: 0x77,
});

describeI2cBus('the simulated station', openBusHarness);
describePlainI2c('the simulated station', openBusHarness);

/** The divider's voltage over its supply, as the usual kit is wired. */
const vaneRatio = (directionDegrees: number): number => {
  const ohms = vaneOhms(directionDegrees);
  return ohms / (ohms + 10_000);
};

describe('a simulated station', () => {
  let station: FastStation;
  afterEach(() => station.buses.close());

  const open = async (...events: ScenarioEvent[]): Promise<void> => {
    station = await openFastStation({ scenario: scenarioOf(...events) });
  };

  /** Reads through the real driver while the clock runs. */
  const openBme280 = () => {
    const driver = new Bme280({
      bus: station.buses.i2cBus,
      address: 0x76,
      clock: station.manualClock,
      maxIdenticalBursts: 3,
    });
    return () => driven(driver.read());
  };
  const driven = async <T>(work: Promise<T>): Promise<T> => {
    let isDone = false;
    const done = (): void => {
      isDone = true;
    };
    work.then(done, done);
    while (!isDone) await station.manualClock.advance(1);
    return await work;
  };
  const vaneVolts = async (channel = 0): Promise<number> => {
    const { i2cBus } = station.buses;
    await i2cBus.writeWord(0x48, 1, channel === 0 ? 0x83c3 : 0x83d3);
    await station.pass(0.01);
    const word = await i2cBus.readWord(0x48, 0);
    return (((word & 0xff) << 8) | (word >> 8)) * 0.000125;
  };

  it('shows the weather of its model to the real BME280 driver', async () => {
    await open({
      kind: 'weather',
      fromSeconds: 0,
      rampSeconds: 0,
      temperatureC: 41,
      dewPointC: 20,
      seaLevelPressureHpa: 990,
    });
    const read = openBme280();

    const reading = await read();

    const weather = station.weatherAt(0);
    expect(Math.abs(reading.temperatureCelsius - weather.temperatureC)).toBeLessThan(0.05);
    expect(Math.abs((reading.humidityPercent ?? 0) - weather.humidityPercent)).toBeLessThan(0.5);
    expect(Math.abs(reading.pressureHpa - weather.pressureHpa)).toBeLessThan(0.3);
  });

  it('has chips that fail for as long as the scenario says', async () => {
    await open(
      { kind: 'busError', chip: 'bme280', code: 'EREMOTEIO', fromSeconds: 10, forSeconds: 10 },
      { kind: 'busError', chip: 'ads1115', code: 'ETIMEDOUT', fromSeconds: 15 },
    );
    const { i2cBus } = station.buses;

    await expect(i2cBus.readBlock(0x76, 0xd0, 1)).resolves.toEqual(Uint8Array.of(0x60));
    await station.pass(10);
    await expect(i2cBus.readBlock(0x76, 0xd0, 1)).rejects.toMatchObject({ isNak: true });
    await expect(i2cBus.readWord(0x48, 1)).resolves.toBe(0x8385);
    await station.pass(10);
    await expect(i2cBus.readBlock(0x76, 0xd0, 1)).resolves.toEqual(Uint8Array.of(0x60));
    await expect(i2cBus.readWord(0x48, 1)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
  });

  it('forgets its registers in a brown-out', async () => {
    await open(
      { kind: 'brownOut', chip: 'bme280', atSeconds: 20 },
      { kind: 'brownOut', chip: 'ads1115', atSeconds: 20 },
    );
    const { i2cBus } = station.buses;
    await i2cBus.writeByte(0x76, 0xf5, 0xa0);
    await i2cBus.writeWord(0x48, 2, 0x1234);
    await station.pass(21);

    expect(await i2cBus.readBlock(0x76, 0xf5, 1)).toEqual(Uint8Array.of(0));
    expect(await i2cBus.readWord(0x48, 2)).toBe(0x0080);
    await i2cBus.writeByte(0x76, 0xf5, 0xa0);
    expect(await i2cBus.readBlock(0x76, 0xf5, 1)).toEqual(Uint8Array.of(0xa0));
  });

  it('hangs its BME280, which the driver notices', async () => {
    await open({ kind: 'hungBme280', fromSeconds: 5 });
    const read = openBme280();
    await read();
    await station.pass(5);

    const outcomes = [];
    for (let count = 0; count < 5; count += 1) outcomes.push(await read().catch((error: unknown) => error));

    expect(outcomes).toContainEqual(expect.objectContaining({ name: 'SensorError' }));
  });

  it('turns the vane with the wind, and measures its supply', async () => {
    await open({ kind: 'weather', fromSeconds: 0, rampSeconds: 0, windDirectionDegrees: 90, gustiness: 0 });

    expect(await vaneVolts()).toBeCloseTo(3.3 * vaneRatio(90), 2);
    expect(await vaneVolts(1)).toBeCloseTo(3.3, 2);
  });

  it('sticks and disconnects the vane', async () => {
    await open(
      { kind: 'weather', fromSeconds: 0, rampSeconds: 0, windDirectionDegrees: 90, gustiness: 0 },
      { kind: 'weather', fromSeconds: 50, rampSeconds: 0, windDirectionDegrees: 180, gustiness: 0 },
      { kind: 'stuckVane', fromSeconds: 20, forSeconds: 100 },
      { kind: 'openVane', fromSeconds: 200 },
    );
    await station.pass(60);
    expect(await vaneVolts()).toBeCloseTo(3.3 * vaneRatio(90), 2);
    await station.pass(60);
    expect(await vaneVolts()).toBeCloseTo(3.3 * vaneRatio(180), 2);
    await station.pass(80);
    expect(await vaneVolts()).toBeCloseTo(3.3, 2);
  });

  it('closes the contacts in proportion to wind and rain', async () => {
    await open({
      kind: 'weather',
      fromSeconds: 0,
      rampSeconds: 0,
      meanWindMs: 10,
      gustiness: 0,
      rainMmPerHour: 100,
    });
    const edges = await recordEdges(station);

    await station.pass(720);

    const counted = (line: number, lockoutMs: number): number => {
      const isClosure = createBounceFilter(lockoutMs);
      return edges.filter((edge) => edge.line === line && isClosure(edge.atMs, edge.level)).length;
    };
    // 15 closures a second; 20 mm of rain.
    expect(Math.abs(counted(5, 4) - 15 * 720)).toBeLessThanOrEqual(2);
    expect(Math.abs(counted(6, 150) - 20 / 0.2794)).toBeLessThanOrEqual(1);
    expect(edges.length).toBeGreaterThan(2 * 15 * 720 * 1.2);
  });

  it('delivers edges in order, stamped after the moment they were watched from', async () => {
    await open({ kind: 'weather', fromSeconds: 0, rampSeconds: 0, meanWindMs: 10, rainMmPerHour: 400 });
    await station.pass(30);
    const startMs = station.manualClock.monotonicMs();
    const edges = await recordEdges(station);

    await station.pass(30);

    const times = edges.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(times[0]).toBeGreaterThan(startMs);
    expect(new Set(edges.map(({ line }) => line))).toEqual(new Set([5, 6]));
    expect(station.buses.edgeSource.suspectedMissed()).toBe(0);
  });

  it('bounces as the scenario says', async () => {
    const wind = { kind: 'weather', fromSeconds: 0, rampSeconds: 0, meanWindMs: 5, gustiness: 0 } as const;
    const bounce = {
      kind: 'bounce',
      fromSeconds: 0,
      edges: 9,
      withinMilliseconds: 3,
      contact: 'wind',
    } as const;
    await open(wind, bounce);
    const edges = await recordEdges(station);

    await station.pass(60);

    // Closing and opening, each with nine short returns to the level before.
    expect(Math.abs(edges.length - 7.5 * 60 * 2 * 19)).toBeLessThanOrEqual(2 * 38);
  });

  it('steps its own wall clock and never the monotonic one', async () => {
    await open(
      { kind: 'clockStep', atSeconds: 10, bySeconds: 3600 },
      { kind: 'clockStep', atSeconds: 20, bySeconds: -60 },
    );
    const wallMs = station.clock.wallMs();
    const monotonicMs = station.clock.monotonicMs();

    await station.pass(10);
    expect(station.clock.wallMs() - wallMs).toBe(3_610_000);
    await station.pass(10);
    expect(station.clock.wallMs() - wallMs).toBe(3_560_000);
    expect(station.clock.monotonicMs() - monotonicMs).toBe(20_000);
  });

  it('drives output lines and leaves them inactive', async () => {
    await open();
    const led = await station.buses.openOutputLine({ gpio: 17, isActiveLow: false });
    const relay = await station.buses.openOutputLine({ gpio: 27, isActiveLow: true });
    await led.set(true);
    await relay.set(true);
    expect([...station.outputLevels()]).toEqual([
      [17, 1],
      [27, 0],
    ]);

    await led.close();
    await station.buses.close();

    expect([...station.outputLevels()]).toEqual([
      [17, 0],
      [27, 1],
    ]);
    await expect(led.set(true)).rejects.toThrow('set GPIO 17: the line is closed');
  });

  it('has only the chips that the configuration lists', async () => {
    const { i2cBus, gpioBackend } = usualSensors;
    station = await openFastStation({ sensors: { i2cBus, gpioBackend } });
    const edges = await recordEdges(station);

    await station.pass(60);

    await expect(station.buses.i2cBus.readBlock(0x76, 0xd0, 1)).rejects.toMatchObject({ isNak: true });
    expect(edges).toEqual([]);
  });

  it('repeats itself with the same seed, and differs with another', async () => {
    const edgesOf = async (seed: number) => {
      station = await openFastStation({ scenario: { ...scenarioOf(), seed } });
      const edges = await recordEdges(station);
      await station.pass(60);
      await station.buses.close();
      return edges;
    };

    const first = await edgesOf(5);

    expect(first.length).toBeGreaterThan(30);
    expect(await edgesOf(5)).toEqual(first);
    expect(await edgesOf(6)).not.toEqual(first);
  });
});

const { clock: stationClock } = await openFastStation({ clock: createManualClock({ isAutomatic: true }) });
clockContract('a simulated station', () => stationClock);
