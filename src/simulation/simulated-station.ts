import type { StationBuses } from '../buses/station-buses.ts';
import type { GatewayConfig } from '../config/schema.ts';
import type { Clock } from '../time/clock.ts';
import { createInfluence } from './influence.ts';
import { seedOf } from './noise.ts';
import { type Bounce, createPulseTrain, type PulseTrain } from './pulse-train.ts';
import { eventsOf, isDuring, ordinaryScenario, type Scenario } from './scenario.ts';
import { createStationI2cBus, type Surroundings } from './simulated-chips.ts';
import { createSimulatedEdgeSource } from './simulated-edge-source.ts';
import { createSimulatedNetwork, type SimulatedNetwork } from './simulated-network.ts';
import { createSimulatedOutputLines } from './simulated-output-lines.ts';
import { createWeatherModel, type WeatherModel } from './weather-model.ts';

export type SimulatedStationOptions = {
  readonly clock: Clock;
  /** What is wired to the station: the chips, lines and figures of the real one. */
  readonly sensors: GatewayConfig['sensors'];
  readonly scenario?: Scenario;
  readonly elevationMetres?: number;
};

export type SimulatedStation = {
  readonly buses: StationBuses;
  /** The clock with the steps of the scenario: everything of the daemon has to go by it. */
  readonly clock: Clock;
  readonly network: SimulatedNetwork;
  /** What the instruments should show, by the time since the start. */
  readonly weatherAt: WeatherModel;
  /** The electrical levels of the output lines, by BCM number. */
  outputLevels(): ReadonlyMap<number, 0 | 1>;
};

const KMH_PER_MS = 3.6;
/** Below the time scale of gusts, and few enough steps to simulate days in seconds. */
const WIND_STEP_SECONDS = 0.25;
const RAIN_STEP_SECONDS = 1;

const bounceOf = (scenario: Scenario, contact: 'wind' | 'rain') => {
  const events = eventsOf(scenario, 'bounce').filter((event) => event.contact === contact);
  return (elapsedSeconds: number): Bounce | null => {
    const event = events.find((each) => isDuring(each, elapsedSeconds));
    return event === undefined ? null : { edges: event.edges, withinMs: event.withinMilliseconds };
  };
};

const createTrains = ({ sensors, scenario, weatherAt }: Surroundings): Map<number, PulseTrain> => {
  const trains = new Map<number, PulseTrain>();
  const { anemometer, rainGauge } = sensors;
  if (anemometer !== undefined) {
    const train = createPulseTrain({
      seed: seedOf(scenario.seed, 'anemometer'),
      rateHzAt: (elapsedSeconds) => (weatherAt(elapsedSeconds).windMs * KMH_PER_MS) / anemometer.kmhPerHz,
      stepSeconds: WIND_STEP_SECONDS,
      bounceAt: bounceOf(scenario, 'wind'),
    });
    trains.set(anemometer.gpio, train);
  }
  if (rainGauge !== undefined) {
    const train = createPulseTrain({
      seed: seedOf(scenario.seed, 'rain gauge'),
      rateHzAt: (elapsedSeconds) => weatherAt(elapsedSeconds).rainMmPerHour / 3600 / rainGauge.mmPerTip,
      stepSeconds: RAIN_STEP_SECONDS,
      bounceAt: bounceOf(scenario, 'rain'),
    });
    trains.set(rainGauge.gpio, train);
  }
  return trains;
};

const stepping = (clock: Clock, scenario: Scenario, elapsedSeconds: () => number): Clock => {
  const steps = eventsOf(scenario, 'clockStep');
  return {
    wallMs: () => {
      const now = elapsedSeconds();
      const passed = steps.filter(({ atSeconds }) => atSeconds <= now);
      return clock.wallMs() + passed.reduce((sum, { bySeconds }) => sum + bySeconds * 1000, 0);
    },
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
};

/** A station whose chips, lines, clock and network are simulated, so that the drivers run on it as on a real one. */
export const openSimulatedStation = (options: SimulatedStationOptions): SimulatedStation => {
  const { clock, sensors, scenario = ordinaryScenario, elevationMetres = 0 } = options;
  const startMs = clock.monotonicMs();
  const elapsedSeconds = (): number => (clock.monotonicMs() - startMs) / 1000;
  const weatherAt = createWeatherModel({
    seed: scenario.seed,
    startSolarMs: scenario.startsAt === undefined ? clock.wallMs() : Date.parse(scenario.startsAt),
    elevationMetres,
    influence: createInfluence(scenario),
  });
  const surroundings = { sensors, scenario, weatherAt, elapsedSeconds };
  const i2cBus = createStationI2cBus(surroundings);
  const edgeSource = createSimulatedEdgeSource({ clock, startMs, trains: createTrains(surroundings) });
  const outputLines = createSimulatedOutputLines();
  const network = createSimulatedNetwork({ clock, startMs, scenario });

  return {
    buses: {
      i2cBus,
      edgeSource,
      openOutputLine: (line) => outputLines.open(line),
      close: async () => {
        await Promise.all([i2cBus.close(), edgeSource.close(), outputLines.close(), network.close()]);
      },
    },
    clock: stepping(clock, scenario, elapsedSeconds),
    network,
    weatherAt,
    outputLevels: () => outputLines.levels(),
  };
};
