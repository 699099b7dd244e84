import { type I2cBus, I2cError, type I2cTarget } from '../i2c/i2c-bus.ts';
import type { I2cChip } from './i2c-chip.ts';

export type SimulatedI2cBusOptions = {
  /** By 7-bit address. */
  readonly chips: ReadonlyMap<number, I2cChip>;
  /** Why a transfer to this address fails at this moment, as the errno's name; `null` when it does not. */
  readonly faultOf?: (address: number) => string | null;
};

/** A bus whose chips are objects. Where nothing is, nothing acknowledges. */
export const createSimulatedI2cBus = ({ chips, faultOf = () => null }: SimulatedI2cBusOptions): I2cBus => {
  let isClosed = false;

  const transfer = <T>({ address, register }: I2cTarget, use: (chip: I2cChip) => T): Promise<T> =>
    new Promise((resolve) => {
      const chip = chips.get(address);
      const fault = isClosed ? 'EBADF' : faultOf(address);
      if (fault !== null || chip === undefined)
        throw new I2cError(fault ?? 'EREMOTEIO', { address, register });
      resolve(use(chip));
    });

  return {
    readBlock: (address, register, length) =>
      transfer({ address, register }, (chip) => chip.read(register, length)),
    readWord: (address, register) =>
      transfer({ address, register }, (chip) => {
        const [low = 0, high = 0] = chip.read(register, 2);
        return (high << 8) | low;
      }),
    writeByte: (address, register, value) =>
      transfer({ address, register }, (chip) => chip.write(register, Uint8Array.of(value))),
    writeWord: (address, register, value) =>
      transfer({ address, register }, (chip) => chip.write(register, Uint8Array.of(value, value >> 8))),
    close: () => {
      isClosed = true;
      return Promise.resolve();
    },
  };
};
