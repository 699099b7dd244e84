import { setImmediate as turn } from 'node:timers/promises';
import { type I2cBus, I2cError } from '../../src/i2c/i2c-bus.ts';
import { type I2cChip, type RegisterChip, withRegisters } from '../../src/simulation/simulated-i2c-bus.ts';

type I2cCall = {
  readonly kind: 'readBlock' | 'readWord' | 'writeByte' | 'writeWord' | 'read' | 'write';
  readonly address: number;
  /** Plain I2C transfers name none. */
  readonly register?: number;
  readonly value?: number;
};

export type FakeI2cBus = I2cBus & {
  readonly calls: I2cCall[];
  attach(address: number, chip: RegisterChip): void;
  /** A chip without registers. */
  attachPlain(address: number, chip: I2cChip): void;
  /** The next `times` transfers that match fail with this errno name. */
  fail(code: string, times?: number, matches?: (call: I2cCall) => boolean): void;
};

/** One byte a register, reads and writes run on to the next: a BME280's map, without behaviour. */
export const createRegisterMap = (): RegisterChip & { readonly registers: Uint8Array } => {
  const registers = new Uint8Array(256);
  return {
    registers,
    read: (register, length) => registers.slice(register, register + length),
    write: (register, bytes) => registers.set(bytes, register),
  };
};

/** One 16-bit register an address, high byte first on the wire: an ADS1115's map, without behaviour. */
export const createWordRegisters = (): RegisterChip & { readonly words: Uint16Array } => {
  const words = new Uint16Array(4);
  return {
    words,
    read: (register) => {
      const word = words[register] ?? 0xffff;
      return Uint8Array.of(word >> 8, word & 0xff);
    },
    write: (register, bytes) => {
      words[register] = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
    },
  };
};

type Failure = { readonly code: string; left: number; readonly matches: (call: I2cCall) => boolean };

const readFrom = (chip: I2cChip, register: number, length: number): Uint8Array => {
  chip.write(Uint8Array.of(register));
  return chip.read(length);
};

class FakeBus implements FakeI2cBus {
  readonly calls: I2cCall[] = [];
  readonly #chips = new Map<number, I2cChip>();
  readonly #failures: Failure[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  attach(address: number, chip: RegisterChip): void {
    this.attachPlain(address, withRegisters(chip));
  }

  attachPlain(address: number, chip: I2cChip): void {
    this.#chips.set(address, chip);
  }

  fail(code: string, times = 1, matches: (call: I2cCall) => boolean = () => true): void {
    this.#failures.push({ code, left: times, matches });
  }

  readBlock(address: number, register: number, length: number): Promise<Uint8Array> {
    return this.#transfer({ kind: 'readBlock', address, register }, (chip) =>
      readFrom(chip, register, length),
    );
  }

  readWord(address: number, register: number): Promise<number> {
    return this.#transfer({ kind: 'readWord', address, register }, (chip) => {
      const [low = 0, high = 0] = readFrom(chip, register, 2);
      return (high << 8) | low;
    });
  }

  writeByte(address: number, register: number, value: number): Promise<void> {
    return this.#transfer({ kind: 'writeByte', address, register, value }, (chip) =>
      chip.write(Uint8Array.of(register, value)),
    );
  }

  writeWord(address: number, register: number, value: number): Promise<void> {
    return this.#transfer({ kind: 'writeWord', address, register, value }, (chip) =>
      chip.write(Uint8Array.of(register, value, value >> 8)),
    );
  }

  read(address: number, length: number): Promise<Uint8Array> {
    return this.#transfer({ kind: 'read', address }, (chip) => chip.read(length));
  }

  write(address: number, bytes: Uint8Array): Promise<void> {
    return this.#transfer({ kind: 'write', address }, (chip) => chip.write(bytes));
  }

  async close(): Promise<void> {
    await this.#last;
    this.#isClosed = true;
  }

  #transfer<T>(call: I2cCall, act: (chip: I2cChip) => T): Promise<T> {
    const result = this.#last.then(async () => {
      await turn();
      if (this.#isClosed) throw new I2cError('EBADF', call);
      this.calls.push(call);
      const failure = this.#failures.find(({ left, matches }) => left > 0 && matches(call));
      if (failure !== undefined) {
        failure.left -= 1;
        throw new I2cError(failure.code, call);
      }
      const chip = this.#chips.get(call.address);
      if (chip === undefined) throw new I2cError('EREMOTEIO', call);
      return act(chip);
    });
    this.#last = result.catch(() => undefined);
    return result;
  }
}

export const createFakeI2cBus = (): FakeI2cBus => new FakeBus();
