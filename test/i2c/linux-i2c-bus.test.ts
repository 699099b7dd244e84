import type { PromisifiedBus } from 'i2c-bus';
import { describe, expect, it } from 'vitest';
import { type I2cDriver, openLinuxI2cBus } from '../../src/i2c/linux-i2c-bus.ts';
import { systemClock } from '../../src/time/clock.ts';
import { isI2cBusBuilt } from '../buses/installed-packages.ts';
import { describeI2cBus, describePlainI2c } from '../contract/i2c-bus.ts';
import { createManualClock } from '../fakes/clock.ts';

type Script = Partial<PromisifiedBus>;

/** The package as it behaves: `open` counts, transfers do what the script says, else answer at 0x76 and 0x48. */
const createDriver = (script: Script = {}): I2cDriver & { opened: number; closed: number } => {
  const cells = new Map<string, number>();
  let pointer = 0;
  const key = (address: number, register: number): string => {
    if (address === 0x77) throw Object.assign(new Error(', Remote I/O error'), { errno: 121, code: '' });
    return `${address}:${register}`;
  };
  const driver = {
    opened: 0,
    closed: 0,
    openPromisified: (): Promise<PromisifiedBus> => {
      driver.opened += 1;
      return Promise.resolve({
        readI2cBlock: async (...[address, register, length, buffer]) => {
          for (let at = 0; at < length; at += 1) buffer[at] = cells.get(key(address, register + at)) ?? 0;
          return await Promise.resolve({ bytesRead: length, buffer });
        },
        readWord: async (address, register) => await Promise.resolve(cells.get(key(address, register)) ?? 0),
        writeByte: async (address, register, value) => {
          await Promise.resolve(cells.set(key(address, register), value));
        },
        writeWord: async (address, register, value) => {
          await Promise.resolve(cells.set(key(address, register), value));
        },
        i2cRead: async (...[address, length, buffer]) => {
          for (let at = 0; at < length; at += 1) buffer[at] = cells.get(key(address, pointer + at)) ?? 0;
          return await Promise.resolve({ bytesRead: length, buffer });
        },
        i2cWrite: async (...[address, length, buffer]) => {
          [pointer = 0] = buffer;
          for (let at = 1; at < length; at += 1) cells.set(key(address, pointer + at - 1), buffer[at] ?? 0);
          key(address, pointer);
          return await Promise.resolve({ bytesWritten: length, buffer });
        },
        close: () => {
          driver.closed += 1;
          return Promise.resolve();
        },
        ...script,
      });
    },
  };
  return driver;
};

const open = (driver: I2cDriver, clock = systemClock) =>
  openLinuxI2cBus({ busNumber: 1, clock, loadDriver: () => Promise.resolve(driver) });

const openHarness = async () => ({
  bus: await open(createDriver()),
  byteRegister: { address: 0x76, register: 0xf5 },
  wordRegister: { address: 0x48, register: 2 },
  absentAddress: 0x77,
});

describeI2cBus('the i2c-bus package', openHarness);
describePlainI2c('the i2c-bus package', openHarness);

const failing = (properties: object): Script => ({
  readWord: () => Promise.reject(Object.assign(new Error('transfer'), properties)),
});

describe('LinuxI2cBus', () => {
  it('opens the device with the first transfer and keeps it open', async () => {
    const driver = createDriver();
    const bus = await open(driver);
    expect(driver.opened).toBe(0);

    await bus.writeByte(0x76, 0xf2, 1);
    await bus.writeByte(0x76, 0xf2, 2);

    expect(driver).toMatchObject({ opened: 1, closed: 0 });
    await bus.close();
    expect(driver).toMatchObject({ opened: 1, closed: 1 });
  });

  it('lets no descriptor outlive an error, since i2c-bus would then talk to address 0', async () => {
    const driver = createDriver();
    const bus = await open(driver);

    await expect(bus.readWord(0x77, 0)).rejects.toMatchObject({ code: 'EREMOTEIO' });
    expect(driver).toMatchObject({ opened: 1, closed: 1 });
    await bus.readWord(0x48, 0);

    expect(driver).toMatchObject({ opened: 2, closed: 1 });
  });

  it.each([
    [{ errno: 121, code: '' }, 'nothing answers (EREMOTEIO)'],
    [{ errno: 6, code: 'ENXIO' }, 'nothing answers (ENXIO)'],
    [{ errno: 19 }, 'nothing answers (ENODEV)'],
    [{ errno: 5, code: 'EIO' }, 'transfer failed (EIO)'],
    [{ errno: 16 }, 'a kernel driver owns this address; remove its dtoverlay from config.txt (EBUSY)'],
    [
      { errno: -2, code: 'ENOENT' },
      'the bus is not there; switch I2C on: sudo raspi-config nonint do_i2c 0 (ENOENT)',
    ],
    [{ errno: -13, code: 'EACCES' }, 'no permission; add the user to the group i2c (EACCES)'],
    [{ errno: 95 }, 'failed (ENOTSUP)'],
    [{}, 'transfer failed (EIO)'],
  ])('says what %o means', async (properties, meaning) => {
    const bus = await open(createDriver(failing(properties)));

    await expect(bus.readWord(0x48, 1)).rejects.toThrow(`I2C 0x48 register 0x01: ${meaning}`);
  });

  it('takes a short read for an error', async () => {
    const bus = await open(
      createDriver({ readI2cBlock: (...[, , , buffer]) => Promise.resolve({ bytesRead: 3, buffer }) }),
    );

    await expect(bus.readBlock(0x76, 0xf7, 8)).rejects.toMatchObject({ code: 'EIO' });
  });

  it('takes a short plain transfer for an error', async () => {
    const bus = await open(
      createDriver({
        i2cRead: (...[, , buffer]) => Promise.resolve({ bytesRead: 3, buffer }),
        i2cWrite: (...[, , buffer]) => Promise.resolve({ bytesWritten: 0, buffer }),
      }),
    );

    await expect(bus.read(0x44, 6)).rejects.toMatchObject({ code: 'EIO', address: 0x44 });
    await expect(bus.write(0x44, Uint8Array.of(0xfd))).rejects.toMatchObject({ code: 'EIO' });
  });

  it('gives a stuck transfer up after 3 s and blocks no second thread until it returns', async () => {
    const clock = createManualClock();
    let finish = (_word: number): void => undefined;
    const stuck = new Promise<number>((resolve) => {
      finish = resolve;
    });
    const driver = createDriver({ readWord: () => stuck });
    const bus = await open(driver, clock);

    const first = bus.readWord(0x48, 0).catch((error: unknown) => error);
    await clock.untilSleeping();
    await clock.advance(3_000);

    expect(await first).toMatchObject({ code: 'ETIMEDOUT' });
    await expect(bus.writeByte(0x76, 0xf2, 1)).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    expect(driver.opened).toBe(1);
    finish(0);
    await stuck;
    await expect(bus.readBlock(0x76, 0xf2, 1)).resolves.toHaveLength(1);
    expect(driver.opened).toBe(2);
    expect(clock.sleepers()).toBe(0);
  });

  it('forgets a device whose close fails', async () => {
    const driver = createDriver({ close: () => Promise.reject(new Error('EBADF')) });
    const bus = await open(driver);

    await expect(bus.readWord(0x77, 0)).rejects.toMatchObject({ code: 'EREMOTEIO' });

    await expect(bus.close()).resolves.toBeUndefined();
  });

  it('says how to get the package when it is missing', async () => {
    const opening = openLinuxI2cBus({
      busNumber: 1,
      clock: systemClock,
      loadDriver: () => Promise.reject(new Error("Cannot find package 'i2c-bus'")),
    });

    await expect(opening).rejects.toThrow(
      'install build-essential and python3, then run npm rebuild --ignore-scripts=false i2c-bus',
    );
  });

  it('loads the real package, which reports a bus that is not there, or says that it was not built', async () => {
    const reading = openLinuxI2cBus({ busNumber: 4_000, clock: systemClock }).then((bus) =>
      bus.readWord(0x48, 0),
    );

    await expect(reading).rejects.toThrow(
      (await isI2cBusBuilt()) ? 'ENOENT' : 'npm rebuild --ignore-scripts=false i2c-bus',
    );
  });

  it('says what to do where the package was not built', async () => {
    const loadDriver = () => Promise.reject(new Error('Cannot find module'));

    await expect(openLinuxI2cBus({ busNumber: 1, clock: systemClock, loadDriver })).rejects.toThrow(
      'The package i2c-bus is not usable: install build-essential and python3, then run npm rebuild --ignore-scripts=false i2c-bus',
    );
  });
});
