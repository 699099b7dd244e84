import { describe, expect, it } from 'vitest';
import { openStationBuses } from '../../src/buses/machine-buses.ts';
import { sensorsSchema } from '../../src/config/schema.ts';
import { openLinuxI2cBus } from '../../src/i2c/linux-i2c-bus.ts';
import { systemClock } from '../../src/time/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';

/** The kernel's answer for a bus that is not there, also where i2c-bus could not be built. */
const openAbsentBus: typeof openLinuxI2cBus = (options) =>
  openLinuxI2cBus({
    ...options,
    loadDriver: () =>
      Promise.resolve({
        openPromisified: () => Promise.reject(Object.assign(new Error('no such file'), { code: 'ENOENT' })),
      }),
  });

const open = async (gpioBackend: string, isGpiodInstalled = true) => {
  const log = createRecordingLog();
  const buses = await openStationBuses({
    sensors: sensorsSchema.parse({ gpioBackend, i2cBus: 99 }),
    clock: systemClock,
    log,
    hasGpiod: () => Promise.resolve(isGpiodInstalled),
    openI2cBus: openAbsentBus,
  });
  return { buses, log };
};

describe("this machine's buses", () => {
  it.each([
    ['auto', true, { backend: 'gpiomon', timestamps: 'kernel' }],
    ['auto', false, { backend: 'onoff', timestamps: 'process' }],
    ['gpiomon', false, { backend: 'gpiomon', timestamps: 'kernel' }],
    ['onoff', true, { backend: 'onoff', timestamps: 'process' }],
  ] as const)(
    'with backend %s and gpiod installed: %s, go by %o',
    async (wanted, isInstalled, { backend, timestamps }) => {
      const { buses, log } = await open(wanted, isInstalled);

      expect(buses.edgeSource.timestamps).toBe(timestamps);
      expect(log.lines('info')).toEqual([{ backend, i2cBus: 99, message: 'the buses are chosen' }]);
      await buses.close();
    },
  );

  it('are not touched before they are used', async () => {
    const { buses } = await open('auto');

    await expect(buses.i2cBus.readWord(0x48, 0)).rejects.toMatchObject({ code: 'ENOENT' });
    await buses.close();
  });

  it.each(['gpiomon', 'onoff'])('have no output line of a header that is not there: %s', async (backend) => {
    const { buses } = await open(backend);
    const line = await buses.openOutputLine({ gpio: 17, isActiveLow: false });

    await expect(line.set(true)).rejects.toThrow();
    await buses.close();
    await expect(line.set(true)).rejects.toThrow('GPIO 17 is closed');
  });
});
