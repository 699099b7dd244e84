import type { I2cChip } from './simulated-i2c-bus.ts';

export type FaultyChipOptions = {
  readonly elapsedSeconds: () => number;
  /** Moments at which the supply dips. */
  readonly brownOutsSeconds: readonly number[];
  readonly onBrownOut: () => void;
  /** Brings the chip into the state of this moment. */
  readonly settle?: (elapsedSeconds: number) => void;
};

/** A chip with the faults of a scenario. They take effect with the next transfer. */
export const faultyChip = (chip: I2cChip, options: FaultyChipOptions): I2cChip => {
  const { elapsedSeconds, brownOutsSeconds, onBrownOut, settle } = options;
  let pending = [...brownOutsSeconds];
  const catchUp = (): void => {
    const now = elapsedSeconds();
    const later = pending.filter((atSeconds) => atSeconds > now);
    if (later.length < pending.length) onBrownOut();
    pending = later;
    settle?.(now);
  };
  return {
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
