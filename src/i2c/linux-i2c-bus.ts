// i2c-bus behind the port. The package remembers a file descriptor before I2C_SLAVE has succeeded on it: after
// one EBUSY every later call would silently talk to address 0, so no descriptor outlives an error.
import { getSystemErrorName } from 'node:util';
import type { PromisifiedBus } from 'i2c-bus';
import type { Clock } from '../time/clock.ts';
import { createOneAtATime } from '../time/loops.ts';
import { type I2cBus, I2cError, type I2cTarget } from './i2c-bus.ts';

/** What is used of i2c-bus. */
export type I2cDriver = { openPromisified(busNumber: number): Promise<PromisifiedBus> };

type LinuxI2cBusOptions = {
  /** N of /dev/i2c-N. */
  readonly busNumber: number;
  readonly clock: Clock;
  readonly loadDriver?: () => Promise<I2cDriver>;
};

/** The kernel's adapters give up after 1 s, and a clock-stretching chip may need two tries. */
const transferTimeoutMs = 3_000;
const maxBlockBytes = 32;

const importDriver = (): Promise<I2cDriver> => import('i2c-bus');

const errnoName = (error: unknown): string => {
  const { errno, code } = error as NodeJS.ErrnoException;
  // i2c-bus leaves `code` empty for EREMOTEIO and gives the errno with either sign.
  return code || (errno ? getSystemErrorName(-Math.abs(errno)) : 'EIO');
};

const incomplete = (transfer: string): Error =>
  Object.assign(new Error(`short ${transfer}`), { code: 'EIO' });

/**
 * Opens nothing yet: /dev/i2c-N is opened by the first transfer, and again after an error, so a bus that appears
 * later is found. Rejects when the optional package is missing or was not built.
 */
export const openLinuxI2cBus = async ({
  busNumber,
  clock,
  loadDriver = importDriver,
}: LinuxI2cBusOptions): Promise<I2cBus> => {
  try {
    return new LinuxI2cBus(busNumber, clock, await loadDriver());
  } catch (cause) {
    throw new Error(
      'The package i2c-bus is not usable: install build-essential and python3, then run npm rebuild --ignore-scripts=false i2c-bus',
      { cause },
    );
  }
};

/** One for all: an error of its own with each transfer would cost more than the rest of it. */
const SETTLED = new Error('the transfer has ended');

type Transfer<T> = (bus: PromisifiedBus) => Promise<T>;

class LinuxI2cBus implements I2cBus {
  readonly #busNumber: number;
  readonly #clock: Clock;
  readonly #driver: I2cDriver;
  readonly #oneAtATime = createOneAtATime();
  #bus: PromisifiedBus | null = null;
  /** True while a transfer that was given up still occupies its thread. */
  #isStuck = false;
  #isClosed = false;

  constructor(busNumber: number, clock: Clock, driver: I2cDriver) {
    this.#busNumber = busNumber;
    this.#clock = clock;
    this.#driver = driver;
  }

  readBlock(address: number, register: number, length: number): Promise<Uint8Array> {
    return this.#transfer({ address, register }, async (bus) => {
      const { bytesRead, buffer } = await bus.readI2cBlock(
        address,
        register,
        length,
        Buffer.alloc(maxBlockBytes),
      );
      if (bytesRead !== length) throw incomplete('read');
      return new Uint8Array(buffer.subarray(0, length));
    });
  }

  readWord(address: number, register: number): Promise<number> {
    return this.#transfer({ address, register }, (bus) => bus.readWord(address, register));
  }

  writeByte(address: number, register: number, value: number): Promise<void> {
    return this.#transfer({ address, register }, (bus) => bus.writeByte(address, register, value));
  }

  writeWord(address: number, register: number, value: number): Promise<void> {
    return this.#transfer({ address, register }, (bus) => bus.writeWord(address, register, value));
  }

  read(address: number, length: number): Promise<Uint8Array> {
    return this.#transfer({ address }, async (bus) => {
      const { bytesRead, buffer } = await bus.i2cRead(address, length, Buffer.alloc(length));
      if (bytesRead !== length) throw incomplete('read');
      return new Uint8Array(buffer);
    });
  }

  write(address: number, bytes: Uint8Array): Promise<void> {
    return this.#transfer({ address }, async (bus) => {
      const { bytesWritten } = await bus.i2cWrite(address, bytes.length, Buffer.from(bytes));
      if (bytesWritten !== bytes.length) throw incomplete('write');
    });
  }

  close(): Promise<void> {
    return this.#oneAtATime(() => {
      this.#isClosed = true;
      return this.#release();
    });
  }

  #transfer<T>(target: I2cTarget, transfer: Transfer<T>): Promise<T> {
    return this.#oneAtATime(async () => {
      if (this.#isClosed) throw new I2cError('EBADF', target);
      // Each call runs on one of Node's few pool threads, which the store needs too: never block a second one.
      if (this.#isStuck) throw new I2cError('ETIMEDOUT', target);
      try {
        this.#bus ??= await this.#driver.openPromisified(this.#busNumber);
        return await this.#withinTimeout(transfer(this.#bus));
      } catch (error) {
        await this.#release();
        throw new I2cError(errnoName(error), target, { cause: error });
      }
    });
  }

  async #withinTimeout<T>(transfer: Promise<T>): Promise<T> {
    const timer = new AbortController();
    this.#isStuck = true;
    const settled = transfer.finally(() => {
      this.#isStuck = false;
      timer.abort(SETTLED);
    });
    const expired = this.#clock.sleep(transferTimeoutMs, timer.signal).then(
      () => Promise.reject(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })),
      () => settled,
    );
    return await Promise.race([settled, expired]);
  }

  /** Closing a descriptor that failed may fail again; the bus is forgotten either way. */
  async #release(): Promise<void> {
    const bus = this.#bus;
    this.#bus = null;
    await bus?.close().catch(() => undefined);
  }
}
