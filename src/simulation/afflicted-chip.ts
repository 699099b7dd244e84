import type { I2cChip } from './i2c-chip.ts';

export type AfflictionOptions<C extends I2cChip & { powerOn(): void }> = {
  readonly elapsedSeconds: () => number;
  /** Moments at which the supply dips. */
  readonly brownOutsSeconds: readonly number[];
  /** Brings the chip into the state of this moment. */
  readonly settle?: (chip: C, elapsedSeconds: number) => void;
};

/** A chip to which a scenario happens. What was due shows at the next transfer, before which nobody can look. */
export const afflict = <C extends I2cChip & { powerOn(): void }>(
  chip: C,
  { elapsedSeconds, brownOutsSeconds, settle }: AfflictionOptions<C>,
): I2cChip => {
  let pending = [...brownOutsSeconds];
  const catchUp = (): void => {
    const now = elapsedSeconds();
    const later = pending.filter((atSeconds) => atSeconds > now);
    if (later.length < pending.length) chip.powerOn();
    pending = later;
    settle?.(chip, now);
  };
  return {
    read: (register, length) => {
      catchUp();
      return chip.read(register, length);
    },
    write: (register, bytes) => {
      catchUp();
      chip.write(register, bytes);
    },
  };
};
