import { eventsOf, isDuring, type Scenario } from './scenario.ts';
import type { I2cChip } from './simulated-i2c-bus.ts';

export type FaultyChipOptions = {
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
