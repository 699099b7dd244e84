import { anemometer } from './anemometer/anemometer.ts';
import { bme280 } from './bme280/bme280.ts';
import { type ConfiguredInstrument, type Instrument, type InstrumentGroup, isGroup } from './instrument.ts';
import { kernel } from './kernel/kernel.ts';
import { rainGauge } from './rain-gauge/rain-gauge.ts';
import { sht3x, sht4x } from './sht/sht.ts';
import { windVane } from './wind-vane/wind-vane.ts';

/** An instrument, or a key that holds several. */
export type CatalogueEntry = Instrument | InstrumentGroup;

/** Every instrument the program knows: a new one is a folder and a line here. */
export const catalogue: readonly CatalogueEntry[] = [
  bme280, //
  sht3x,
  sht4x,
  windVane,
  anemometer,
  rainGauge,
  kernel,
];

/** Those that are instruments themselves. */
export const instrumentsIn = (entries: readonly CatalogueEntry[]): Instrument[] =>
  entries.filter((entry): entry is Instrument => !isGroup(entry));

/** The instruments that the configuration lists, in its order. */
export const configuredInstruments = (
  sensors: Readonly<Record<string, unknown>>,
  entries: readonly CatalogueEntry[] = catalogue,
): ConfiguredInstrument[] =>
  Object.entries(sensors).flatMap(([key, value]): readonly ConfiguredInstrument[] => {
    const entry = entries.find((each) => each.key === key);
    if (entry === undefined || value === undefined) return [];
    const config = value as ConfiguredInstrument['config'];
    return isGroup(entry) ? entry.members(config) : [{ instrument: entry, config }];
  });
