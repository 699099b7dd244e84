import type { PulseTrain } from './pulse-train.ts';
import type { Scenario } from './scenario.ts';
import type { I2cChip } from './simulated-i2c-bus.ts';
import type { WeatherModel } from './weather-model.ts';

/** What surrounds a simulated instrument. */
export type Surroundings = {
  readonly scenario: Scenario;
  readonly weatherAt: WeatherModel;
  /** Time since the station started. */
  readonly elapsedSeconds: () => number;
};

/** What a simulated instrument adds to the buses. */
export type SimulatedInstrument = {
  /** By I2C address. */
  readonly chips?: ReadonlyMap<number, I2cChip>;
  /** By BCM number. */
  readonly trains?: ReadonlyMap<number, PulseTrain>;
  /** Texts of files, by their paths below /sys. */
  readonly files?: ReadonlyMap<string, () => string>;
};
