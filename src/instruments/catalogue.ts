import { anemometer } from './anemometer/anemometer.ts';
import { bme280 } from './bme280/bme280.ts';
import type { ConfiguredInstrument, Instrument } from './instrument.ts';
import { rainGauge } from './rain-gauge/rain-gauge.ts';
import { sht3x, sht4x } from './sht/sht.ts';
import { windVane } from './wind-vane/wind-vane.ts';

/** Every instrument the program knows: a new one is a folder and a line here. */
export const catalogue: readonly Instrument[] = [bme280, sht3x, sht4x, windVane, anemometer, rainGauge];

/** The instruments that the configuration lists, in its order. */
export const configuredInstruments = (
  sensors: Readonly<Record<string, unknown>>,
  instruments: readonly Instrument[] = catalogue,
): ConfiguredInstrument[] =>
  Object.entries(sensors).flatMap(([key, config]) => {
    const instrument = instruments.find((each) => each.key === key);
    return instrument === undefined || config === undefined
      ? []
      : [{ instrument, config: config as ConfiguredInstrument['config'] }];
  });
