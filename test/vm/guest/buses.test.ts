import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStationBuses } from '../../../src/buses/machine-buses.ts';
import { findGpiodTools } from '../../../src/gpio/gpiomon/gpiod-tools.ts';
import { createGpiomonEdgeSource } from '../../../src/gpio/gpiomon/gpiomon-edge-source.ts';
import { createOnoffEdgeSource, forkOnoffChild } from '../../../src/gpio/onoff/onoff-edge-source.ts';
import { openLinuxI2cBus } from '../../../src/i2c/linux-i2c-bus.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { describeEdgeSource } from '../../contract/edge-source.ts';
import { describeI2cBus } from '../../contract/i2c-bus.ts';
import { createRecordingLog } from '../../fakes/log.ts';
import { installedLibgpiod, libgpiods, use } from './libgpiod.ts';

const clock = systemClock;
const onoffChild = fileURLToPath(new URL('../../../dist/gpio/onoff/onoff-child.js', import.meta.url));

const pull = (line: number, direction: 'pull-up' | 'pull-down'): Promise<void> =>
  writeFile(`/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio${line}/pull`, direction);

const pulse = async (line: number): Promise<void> => {
  await pull(line, 'pull-down');
  await clock.sleep(10);
  await pull(line, 'pull-up');
};

describeI2cBus('i2c-bus on the kernel', async () => ({
  bus: await openLinuxI2cBus({ busNumber: 0, clock }),
  byteRegister: { address: 0x76, register: 0xf5 },
  wordRegister: { address: 0x48, register: 2 },
  absentAddress: 0x77,
}));

/** As a killed process leaves it; a test that watched one line has left the other so. */
const leaveExported = async (line: number): Promise<void> => {
  const sysfsNumber = 512 + line;
  if (!existsSync(`/sys/class/gpio/gpio${sysfsNumber}`))
    await writeFile('/sys/class/gpio/export', `${sysfsNumber}`);
};

describe.each(libgpiods)('$name', (libgpiod) => {
  beforeAll(() => use(libgpiod));
  afterAll(() => use(installedLibgpiod));

  describeEdgeSource('gpiomon on the kernel', () =>
    Promise.resolve({ source: createGpiomonEdgeSource({ clock }), lines: [5, 6], otherLine: 13, pulse }),
  );

  describeEdgeSource('gpiomon on lines that sysfs has', async () => {
    await leaveExported(5);
    await leaveExported(6);
    return { source: createGpiomonEdgeSource({ clock }), lines: [5, 6], otherLine: 13, pulse };
  });
});

const createOnoff = () => createOnoffEdgeSource({ clock, startChild: () => forkOnoffChild(onoffChild) });

it('has libgpiod 2 where the machine was given it', async () => {
  const versions = [];
  for (const libgpiod of libgpiods) {
    use(libgpiod);
    versions.push((await findGpiodTools()).version);
  }
  use(installedLibgpiod);

  expect(versions.slice(1)).toEqual(process.env['VM_LIBGPIOD2'] ? [2] : []);
});

describeEdgeSource('onoff on the kernel', () =>
  Promise.resolve({ source: createOnoff(), lines: [5, 6], otherLine: 13, pulse }),
);

describe.each(libgpiods)('an output line on the kernel, with $name', (libgpiod) => {
  beforeAll(() => use(libgpiod));
  afterAll(() => use(installedLibgpiod));

  const level = async (): Promise<string> =>
    (await readFile('/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio17/value', 'utf8')).trim();

  it.each(['gpiomon', 'onoff', 'gpiomon'] as const)(
    'is driven with the backend %s and ends inactive',
    async (gpioBackend) => {
      const buses = await openStationBuses({
        sensors: { i2cBus: 0, gpioBackend },
        clock,
        log: createRecordingLog(),
      });
      const line = await buses.openOutputLine({ gpio: 17, isActiveLow: false });

      await line.set(true);
      expect(await level()).toBe('1');
      await line.set(false);
      expect(await level()).toBe('0');
      await line.set(true);
      await buses.close();

      expect(await level()).toBe('0');
    },
  );
});
