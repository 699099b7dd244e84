import type { EdgeSource } from '../gpio/edge-source.ts';
import type { OutputLine, OutputLineOptions } from '../gpio/output-line.ts';
import type { I2cBus } from '../i2c/i2c-bus.ts';
import type { Sysfs } from './sysfs.ts';

/** All that drivers and effects touch the world by: the machine's own, or the simulation's. */
export type StationBuses = {
  readonly i2cBus: I2cBus;
  readonly sysfs: Sysfs;
  /** `/proc`. */
  readonly procfs: Sysfs;
  readonly edgeSource: EdgeSource;
  openOutputLine(options: OutputLineOptions): Promise<OutputLine>;
  /** Closes everything above; output lines end inactive. */
  close(): Promise<void>;
};
