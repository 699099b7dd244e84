import { describe, expect, it } from 'vitest';
import { createSimulatedSysfs } from '../../src/buses/station-buses.ts';
import { simulate } from '../../src/instruments/wind-vane/simulated.ts';
import { Vane } from '../../src/instruments/wind-vane/vane.ts';
import { adcOf, windVane } from '../../src/instruments/wind-vane/wind-vane.ts';
import { createSimulatedI2cBus } from '../../src/simulation/simulated-i2c-bus.ts';
import { createManualClock } from '../fakes/clock.ts';

const clock = createManualClock({ isAutomatic: true });
const i2cBus = createSimulatedI2cBus(new Map());
const written = { device: 'mcp3008', channel: 6, supplyChannel: 7 };

/** The vane behind an MCP3008 of the simulation, turned to where the wind comes from. */
const stationAt = (windDirectionDegrees: number, config: object = written) => {
  const part = windVane.schema.parse(config);
  const { files = new Map() } = simulate(part, {
    scenario: { name: 'test', seed: 1, events: [] },
    elapsedSeconds: () => 0,
    weatherAt: () => ({ windDirectionDegrees }) as never,
  });
  return { part, parts: { i2cBus, sysfs: createSimulatedSysfs(files), clock } };
};

describe('a vane behind a converter of the kernel', () => {
  it.each(Array.from({ length: 16 }, (_, index) => index * 22.5))('points to %f°', async (degrees) => {
    for (const config of [written, { device: 'mcp3008' }]) {
      const { part, parts } = stationAt(degrees, config);
      const { directionDegrees, isGoodFit } = await new Vane(adcOf(part, parts), part).read();

      expect({ directionDegrees, isGoodFit }).toEqual({ directionDegrees: degrees, isGoodFit: true });
    }
  });

  it('is named by doctor', async () => {
    const { part, parts } = stationAt(90);

    expect(await windVane.check?.run(part, parts)).toMatch(
      /^0\.3\d\d V at input 6 of mcp3008, \d+ Ω; wind from 90°$/,
    );
  });

  it('is missing without its driver', async () => {
    const { part, parts } = stationAt(90);
    const sysfs = createSimulatedSysfs(new Map());

    await expect(adcOf(part, { ...parts, sysfs }).readVolts(0)).rejects.toMatchObject({
      code: 'missing',
      message: 'iio mcp3008: no IIO device; add the overlay of the chip to config.txt',
    });
  });

  it('may be supplied with 5 V', async () => {
    const part = windVane.schema.parse(written);
    const device = 'bus/iio/devices/iio:device0';
    const files = {
      [`${device}/name`]: 'mcp3008',
      [`${device}/in_voltage6_raw`]: '93',
      [`${device}/in_voltage7_raw`]: '1023',
      [`${device}/in_voltage_scale`]: '4.882812500',
    };
    const sysfs = createSimulatedSysfs(
      new Map(Object.entries(files).map(([file, text]) => [file, () => text])),
    );

    expect(await new Vane(adcOf(part, { i2cBus, clock, sysfs }), part).read()).toMatchObject({
      directionDegrees: 90,
    });
  });

  it('has up to eight inputs, an ADS1115 four', () => {
    expect(windVane.schema.safeParse({ device: 'mcp3008', channel: 7, supplyChannel: 6 }).success).toBe(true);
    expect(windVane.schema.safeParse({ channel: 4 }).error?.issues).toMatchObject([
      { path: ['channel'], message: 'a whole number from 0 to 3; up to 7 only with device' },
    ]);
    expect(windVane.schema.safeParse({ supplyChannel: 4 }).error?.issues).toMatchObject([
      { path: ['supplyChannel'], message: 'a whole number from 0 to 3; up to 7 only with device' },
    ]);
  });
});
