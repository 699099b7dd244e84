import type { GatewayConfig } from '../config/schema.ts';
import { Ads1115Chip } from './ads1115-chip.ts';
import { Bme280Chip } from './bme280-chip.ts';
import { faultyChip } from './faulty-chip.ts';
import { seedOf } from './noise.ts';
import { eventsOf, isDuring, type Scenario } from './scenario.ts';
import { createSimulatedI2cBus, type I2cChip, withRegisters } from './simulated-i2c-bus.ts';
import type { WeatherModel } from './weather-model.ts';
import { vaneRatio } from './wind-vane-network.ts';

export type Surroundings = {
  /** What is wired to the station, and where. */
  readonly sensors: GatewayConfig['sensors'];
  readonly scenario: Scenario;
  readonly weatherAt: WeatherModel;
  /** Time since the station started. */
  readonly elapsedSeconds: () => number;
};

type ChipName = 'bme280' | 'ads1115';
type WindVane = NonNullable<GatewayConfig['sensors']['windVane']>;

const SUPPLY_VOLTS = 3.3;

const brownOutsOf = (scenario: Scenario, name: ChipName): number[] =>
  eventsOf(scenario, 'brownOut')
    .filter(({ chip }) => chip === name)
    .map(({ atSeconds }) => atSeconds);

const createBme280 = ({ scenario, weatherAt, elapsedSeconds }: Surroundings): I2cChip => {
  const chip = new Bme280Chip({
    nowMs: () => elapsedSeconds() * 1000,
    sampleAt: (atMs) => {
      const { temperatureC, humidityPercent, pressureHpa } = weatherAt(atMs / 1000);
      return { temperatureC, humidityPercent, pressurePa: pressureHpa * 100 };
    },
    noiseSeed: seedOf(scenario.seed, 'bme280'),
  });
  const hangs = eventsOf(scenario, 'hungBme280');
  return faultyChip(withRegisters(chip), {
    elapsedSeconds,
    onBrownOut: () => chip.powerOn(),
    brownOutsSeconds: brownOutsOf(scenario, 'bme280'),
    settle: (now) => chip.setHung(hangs.some((hang) => isDuring(hang, now))),
  });
};

/** The vane's voltage over its supply; a vane that faces wrong is told so by its offset. */
const createVane = ({ scenario, weatherAt }: Surroundings, { northOffsetDegrees }: WindVane) => {
  const stuck = eventsOf(scenario, 'stuckVane');
  const open = eventsOf(scenario, 'openVane');
  return (elapsedSeconds: number): number => {
    if (open.some((event) => isDuring(event, elapsedSeconds))) return 1;
    const since = stuck.find((event) => isDuring(event, elapsedSeconds))?.fromSeconds ?? elapsedSeconds;
    return vaneRatio(weatherAt(since).windDirectionDegrees - northOffsetDegrees);
  };
};

const createAds1115 = (surroundings: Surroundings, vane: WindVane): I2cChip => {
  const { scenario, elapsedSeconds } = surroundings;
  const ratioAt = createVane(surroundings, vane);
  const chip = new Ads1115Chip({
    nowMs: () => elapsedSeconds() * 1000,
    voltsAt: (input, atMs) => {
      if (input === vane.channel) return SUPPLY_VOLTS * ratioAt(atMs / 1000);
      return input === vane.supplyChannel ? SUPPLY_VOLTS : 0;
    },
    noiseSeed: seedOf(scenario.seed, 'ads1115'),
  });
  return faultyChip(withRegisters(chip), {
    elapsedSeconds,
    brownOutsSeconds: brownOutsOf(scenario, 'ads1115'),
    onBrownOut: () => chip.powerOn(),
  });
};

/** The I2C bus with the chips that the configuration lists, in the weather and with the faults of the scenario. */
export const createStationI2cBus = (surroundings: Surroundings) => {
  const { bme280, windVane } = surroundings.sensors;
  const chips = new Map<number, I2cChip>();
  if (bme280 !== undefined) chips.set(bme280.address, createBme280(surroundings));
  if (windVane !== undefined) chips.set(windVane.address, createAds1115(surroundings, windVane));
  const addressOf = { bme280: bme280?.address, ads1115: windVane?.address };
  const errors = eventsOf(surroundings.scenario, 'busError');

  return createSimulatedI2cBus({
    chips,
    faultOf: (address) => {
      const now = surroundings.elapsedSeconds();
      const error = errors.find((event) => addressOf[event.chip] === address && isDuring(event, now));
      return error?.code ?? null;
    },
  });
};
