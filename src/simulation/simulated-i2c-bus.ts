import { type I2cBus, I2cError, type I2cTarget } from '../i2c/i2c-bus.ts';
import { eventsOf, isDuring, type Scenario } from './scenario.ts';

type FaultyChipOptions = {
  /** Its name in the scenario. */
  readonly name: string;
  readonly scenario: Scenario;
  readonly elapsedSeconds: () => number;
  readonly onBrownOut: () => void;
  /** Brings the chip into the state of this moment. */
  readonly settle?: (elapsedSeconds: number) => void;
};

/** A chip with its bus errors and brown-outs of the scenario. They take effect with the next transfer. */
export const faultyChip = (chip: I2cChip, options: FaultyChipOptions): I2cChip => {
  const { name, scenario, elapsedSeconds, onBrownOut, settle } = options;
  const errors = eventsOf(scenario, 'busError').filter((event) => event.chip === name);
  let brownOuts = eventsOf(scenario, 'brownOut').filter((event) => event.chip === name);
  const catchUp = (): void => {
    const now = elapsedSeconds();
    const later = brownOuts.filter(({ atSeconds }) => atSeconds > now);
    if (later.length < brownOuts.length) onBrownOut();
    brownOuts = later;
    settle?.(now);
  };
  return {
    fault: () => errors.find((event) => isDuring(event, elapsedSeconds()))?.code ?? null,
    read: (length) => {
      catchUp();
      return chip.read(length);
    },
    write: (bytes) => {
      catchUp();
      chip.write(bytes);
    },
  };
};

/** A chip as it appears on the wire. */
export type I2cChip = {
  /** Takes what the master writes in one transfer. */
  write(bytes: Uint8Array): void;
  /** The next bytes the chip sends. */
  read(length: number): Uint8Array;
  /** The errno's name with which transfers to it fail now; `null` when they succeed. */
  fault?(): string | null;
};

/** A chip whose first written byte is the number of a register. */
export type RegisterChip = {
  /** The bytes the chip sends from this register on. */
  read(register: number, length: number): Uint8Array;
  /** Takes everything the master writes after the register number. */
  write(register: number, bytes: Uint8Array): void;
};

/** Keeps the register pointer of a chip. */
export const withRegisters = (chip: RegisterChip): I2cChip => {
  let pointer = 0;
  return {
    read: (length) => chip.read(pointer, length),
    write: ([register = 0, ...bytes]) => {
      pointer = register;
      if (bytes.length > 0) chip.write(register, Uint8Array.from(bytes));
    },
  };
};

/** A bus whose chips, by their 7-bit addresses, are objects. An address without a chip is not acknowledged. */
export const createSimulatedI2cBus = (chips: ReadonlyMap<number, I2cChip>): I2cBus => {
  let isClosed = false;

  const transfer = <T>(target: I2cTarget, use: (chip: I2cChip) => T): Promise<T> =>
    new Promise((resolve) => {
      const chip = chips.get(target.address);
      const fault = isClosed ? 'EBADF' : (chip?.fault?.() ?? null);
      if (fault !== null || chip === undefined) throw new I2cError(fault ?? 'EREMOTEIO', target);
      resolve(use(chip));
    });

  const readFrom = (chip: I2cChip, register: number, length: number): Uint8Array => {
    chip.write(Uint8Array.of(register));
    return chip.read(length);
  };

  return {
    readBlock: (address, register, length) =>
      transfer({ address, register }, (chip) => readFrom(chip, register, length)),
    readWord: (address, register) =>
      transfer({ address, register }, (chip) => {
        const [low = 0, high = 0] = readFrom(chip, register, 2);
        return (high << 8) | low;
      }),
    writeByte: (address, register, value) =>
      transfer({ address, register }, (chip) => chip.write(Uint8Array.of(register, value))),
    writeWord: (address, register, value) =>
      transfer({ address, register }, (chip) => chip.write(Uint8Array.of(register, value, value >> 8))),
    read: (address, length) => transfer({ address }, (chip) => chip.read(length)),
    write: (address, bytes) => transfer({ address }, (chip) => chip.write(bytes)),
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
};
