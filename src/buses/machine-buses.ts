import type { GatewayConfig } from '../config/schema.ts';
import { findGpiodTools, hasGpiodTools } from '../gpio/gpiomon/gpiod-tools.ts';
import { createGpiomonEdgeSource } from '../gpio/gpiomon/gpiomon-edge-source.ts';
import { readSysfsNumbering, takeFromSysfs } from '../gpio/header-chip.ts';
import { createLineHolder, gpiosetScript, sysfsScript } from '../gpio/line-holder.ts';
import type { EdgeSource, OutputLine, OutputLineOptions } from '../gpio/lines.ts';
import { createOnoffEdgeSource } from '../gpio/onoff/onoff-edge-source.ts';
import { openLinuxI2cBus } from '../i2c/linux-i2c-bus.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../time/clock.ts';
import { openLinuxSysfs, type StationBuses } from './station-buses.ts';

type StationBusesParts = {
  readonly sensors: Pick<GatewayConfig['sensors'], 'i2cBus' | 'gpioBackend'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly hasGpiod?: () => Promise<boolean>;
  readonly openI2cBus?: typeof openLinuxI2cBus;
};

type GpioBackend = {
  readonly edgeSource: EdgeSource;
  readonly openOutputLine: (options: OutputLineOptions) => OutputLine;
};

const gpiodBackend = (clock: Clock): GpioBackend => ({
  edgeSource: createGpiomonEdgeSource({ clock }),
  openOutputLine: (options) =>
    createLineHolder({
      ...options,
      makeScript: async (inactiveLevel) => {
        const tools = await findGpiodTools();
        await takeFromSysfs([options.gpio]);
        return gpiosetScript(tools, { gpio: options.gpio, inactiveLevel });
      },
    }),
});

const sysfsBackend = (clock: Clock): GpioBackend => ({
  edgeSource: createOnoffEdgeSource({ clock }),
  openOutputLine: (options) =>
    createLineHolder({
      ...options,
      makeScript: async (inactiveLevel) =>
        sysfsScript((await readSysfsNumbering())(options.gpio), inactiveLevel),
    }),
});

/** The I2C bus and GPIO lines of this machine. Nothing is touched yet; rejects where the package i2c-bus is not usable. */
export const openStationBuses = async (parts: StationBusesParts): Promise<StationBuses> => {
  const { sensors, clock, log, hasGpiod = hasGpiodTools, openI2cBus = openLinuxI2cBus } = parts;
  const i2cBus = await openI2cBus({ busNumber: sensors.i2cBus, clock });
  const isGpiod = sensors.gpioBackend === 'auto' ? await hasGpiod() : sensors.gpioBackend === 'gpiomon';
  log.info({ backend: isGpiod ? 'gpiomon' : 'onoff', i2cBus: sensors.i2cBus }, 'the buses are chosen');
  const { edgeSource, openOutputLine } = isGpiod ? gpiodBackend(clock) : sysfsBackend(clock);
  const outputLines: OutputLine[] = [];

  return {
    i2cBus,
    sysfs: openLinuxSysfs(),
    procfs: openLinuxSysfs('/proc'),
    edgeSource,
    openOutputLine: (options) => {
      const line = openOutputLine(options);
      outputLines.push(line);
      return Promise.resolve(line);
    },
    close: async () => {
      await Promise.all(outputLines.map((line) => line.close()));
      await edgeSource.close();
      await i2cBus.close();
    },
  };
};
