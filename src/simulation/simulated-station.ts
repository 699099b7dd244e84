import type { StationBuses } from '../buses/station-buses.ts';
import type { ConfiguredInstrument } from '../instruments/instrument.ts';
import type { Clock } from '../time/clock.ts';
import { ordinaryScenario, type Scenario } from './scenario.ts';
import { stepping } from './scenario-clocks.ts';
import { createSimulatedEdgeSource, createSimulatedOutputLines } from './simulated-gpio.ts';
import { createSimulatedI2cBus } from './simulated-i2c-bus.ts';
import { createSimulatedNetwork, type SimulatedNetwork } from './simulated-network.ts';
import type { SimulatedInstrument, Surroundings } from './surroundings.ts';
import { createWeatherEvents } from './weather-events.ts';
import { createWeatherModel, type WeatherModel } from './weather-model.ts';

export type SimulatedStationOptions = {
  readonly clock: Clock;
  /** What is wired to the station: each is replaced by its simulated twin. */
  readonly instruments: readonly ConfiguredInstrument[];
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

/** A station whose chips, lines, clock and network are simulated, so that the drivers run on it as on a real one. */
export const openSimulatedStation = async (options: SimulatedStationOptions): Promise<SimulatedStation> => {
  const { clock, instruments, scenario = ordinaryScenario, elevationMetres = 0 } = options;
  const startMs = clock.monotonicMs();
  const elapsedSeconds = (): number => (clock.monotonicMs() - startMs) / 1000;
  const weatherAt = createWeatherModel({
    seed: scenario.seed,
    startSolarMs: scenario.startsAt === undefined ? clock.wallMs() : Date.parse(scenario.startsAt),
    elevationMetres,
    weatherEvents: createWeatherEvents(scenario),
  });
  const twins = await simulateAll(instruments, { scenario, weatherAt, elapsedSeconds });
  const i2cBus = createSimulatedI2cBus(new Map(twins.flatMap(({ chips }) => [...(chips ?? [])])));
  const trains = new Map(twins.flatMap(({ trains: own }) => [...(own ?? [])]));
  const edgeSource = createSimulatedEdgeSource({ clock, startMs, trains });
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

const simulateAll = (
  instruments: readonly ConfiguredInstrument[],
  surroundings: Surroundings,
): Promise<SimulatedInstrument[]> =>
  Promise.all(
    instruments.map(async ({ instrument, config }) =>
      (await instrument.simulated()).simulate(config, surroundings),
    ),
  );
