import type { StationBuses } from '../buses/station-buses.ts';
import type { GatewayConfig } from '../config/schema.ts';
import type { Log } from '../log.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { Clock } from '../time/clock.ts';
import { createAnemometer } from './anemometer/anemometer.ts';
import { type Bme280, createBme280 } from './bme280/bme280.ts';
import type { Bme280Reading } from './bme280/bme280-compensation.ts';
import { calibrate } from './calibration.ts';
import { InstrumentHealth } from './instrument-health.ts';
import { type PulseInput, PulseInputs } from './pulse-inputs.ts';
import { openRainGauge, type RainGauge } from './rain-gauge/rain-gauge.ts';
import { createAds1115 } from './wind-vane/ads1115.ts';
import { createWindVane, type WindVane } from './wind-vane/wind-vane.ts';

export type InstrumentsParts = {
  readonly sensors: GatewayConfig['sensors'];
  readonly buses: StationBuses;
  readonly clock: Clock;
  readonly log: Log;
  readonly outbox: Pick<Outbox, 'getState' | 'putState'>;
  /** The UTC time of a fault, for people. */
  readonly datetime: () => string;
};

/** An instrument that is asked, with the one place where its faults are handled. */
export type AskedInstrument<Instrument> = {
  readonly instrument: Instrument;
  readonly health: InstrumentHealth;
};

/** What is wired to the station; `null` is a sensor left out of the configuration. */
export type Instruments = {
  readonly bme280: AskedInstrument<{ read(): Promise<Bme280Reading> }> | null;
  readonly windVane: AskedInstrument<WindVane> | null;
  readonly rainGauge: PulseInput<RainGauge> | null;
  readonly pulseInputs: PulseInputs;
  /** In the order of the configuration. */
  readonly healths: readonly InstrumentHealth[];
};

export const openInstruments = async (parts: InstrumentsParts): Promise<Instruments> => {
  const { sensors, buses, clock, log, datetime } = parts;
  const healthOf = (name: string): InstrumentHealth => new InstrumentHealth({ name, log, datetime });
  const bme280 = sensors.bme280
    ? { instrument: openBme280(parts, sensors.bme280), health: healthOf('bme280') }
    : null;
  const windVane = sensors.windVane
    ? { instrument: openWindVane(parts, sensors.windVane), health: healthOf('windVane') }
    : null;
  const anemometer = sensors.anemometer
    ? {
        gpio: sensors.anemometer.gpio,
        instrument: createAnemometer({
          kmhPerHz: sensors.anemometer.kmhPerHz,
          lockoutMs: sensors.anemometer.lockoutMilliseconds,
        }),
        health: healthOf('anemometer'),
      }
    : null;
  const rainGauge = sensors.rainGauge
    ? {
        gpio: sensors.rainGauge.gpio,
        instrument: await openRainGauge({
          mmPerTip: sensors.rainGauge.mmPerTip,
          lockoutMs: sensors.rainGauge.lockoutMilliseconds,
          outbox: parts.outbox,
          log,
        }),
        health: healthOf('rainGauge'),
      }
    : null;
  const pulseInputs = new PulseInputs({ edgeSource: buses.edgeSource, clock, anemometer, rainGauge });
  const healths = [bme280, windVane, anemometer, rainGauge].flatMap((wired) => wired?.health ?? []);
  return { bme280, windVane, rainGauge, pulseInputs, healths };
};

type Wired<Name extends keyof GatewayConfig['sensors']> = NonNullable<GatewayConfig['sensors'][Name]>;

const openBme280 = (
  { buses, clock }: InstrumentsParts,
  { address, calibration }: Wired<'bme280'>,
): Pick<Bme280, 'read'> => {
  const chip = createBme280({ bus: buses.i2cBus, address, clock });
  return { read: async () => calibrate(await chip.read(), calibration) };
};

const openWindVane = (
  { buses, clock }: InstrumentsParts,
  { address, channel, supplyChannel, northOffsetDegrees }: Wired<'windVane'>,
): WindVane =>
  createWindVane({
    adc: createAds1115({ bus: buses.i2cBus, address, clock }),
    channel,
    northOffsetDegrees,
    ...(supplyChannel === undefined ? {} : { supplyChannel }),
  });
