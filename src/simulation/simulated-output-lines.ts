import type { OutputLine, OutputLineOptions } from '../gpio/output-line.ts';

export type SimulatedOutputLines = {
  open(options: OutputLineOptions): Promise<OutputLine>;
  /** The electrical level of every line that was ever opened, by BCM number. */
  levels(): ReadonlyMap<number, 0 | 1>;
  close(): Promise<void>;
};

export const createSimulatedOutputLines = (): SimulatedOutputLines => {
  const levels = new Map<number, 0 | 1>();
  const inactive = new Map<number, 0 | 1>();

  const open = ({ gpio, isActiveLow }: OutputLineOptions): OutputLine => {
    let isClosed = false;
    const drive = (isActive: boolean): void => {
      levels.set(gpio, isActive === isActiveLow ? 0 : 1);
    };
    inactive.set(gpio, isActiveLow ? 1 : 0);
    drive(false);
    return {
      set: (isActive) => {
        if (isClosed) return Promise.reject(new Error(`set GPIO ${gpio}: the line is closed`));
        drive(isActive);
        return Promise.resolve();
      },
      close: () => {
        isClosed = true;
        drive(false);
        return Promise.resolve();
      },
    };
  };

  return {
    open: (options) => Promise.resolve(open(options)),
    levels: () => levels,
    close: () => {
      for (const [gpio, level] of inactive) levels.set(gpio, level);
      return Promise.resolve();
    },
  };
};
