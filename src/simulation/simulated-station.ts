import type { StationBuses } from '../buses/station-buses.ts';
import { createSimulatedSysfs } from '../buses/sysfs.ts';
import type { ConfiguredInstrument } from '../instruments/instrument.ts';
import type { Clock } from '../time/clock.ts';
import { type EventOf, endOf, eventsOf, ordinaryScenario, type Scenario } from './scenario.ts';
import { stepping } from './scenario-clocks.ts';
import { createSimulatedEdgeSource, createSimulatedOutputLines } from './simulated-gpio.ts';
import { createSimulatedI2cBus } from './simulated-i2c-bus.ts';
import { simulatedMachineFiles } from './simulated-machine.ts';
import { createSimulatedNetwork, type SimulatedNetwork } from './simulated-network.ts';
import type { SimulatedInstrument, Surroundings } from './surroundings.ts';
import {
  type Conditions,
  createWeatherModel,
  type WeatherEvents,
  type WeatherModel,
} from './weather-model.ts';

type WeatherEvent = EventOf<'weather'>;

/** From 0 to 1 over the ramp at the start, back to 0 over the same time after the end. */
const strengthOf = (event: WeatherEvent, elapsedSeconds: number): number => {
  const { fromSeconds, rampSeconds } = event;
  const sinceStart = elapsedSeconds - fromSeconds;
  const sinceEnd = elapsedSeconds - endOf(event);
  if (rampSeconds === 0) return sinceStart >= 0 && sinceEnd < 0 ? 1 : 0;
  return Math.max(0, Math.min(1, sinceStart / rampSeconds, 1 - sinceEnd / rampSeconds));
};

const towards = (usual: number, wanted: number | undefined, strength: number): number =>
  wanted === undefined ? usual : usual + (wanted - usual) * strength;

/** Along the shorter way round. */
const turnTowards = (usual: number, wanted: number | undefined, strength: number): number =>
  wanted === undefined ? usual : usual + (((wanted - usual + 540) % 360) - 180) * strength;

const apply = (usual: Conditions, event: WeatherEvent, strength: number): Conditions => ({
  temperatureC: towards(usual.temperatureC, event.temperatureC, strength),
  dewPointC: towards(usual.dewPointC, event.dewPointC, strength),
  seaLevelPressureHpa: towards(usual.seaLevelPressureHpa, event.seaLevelPressureHpa, strength),
  meanWindMs: towards(usual.meanWindMs, event.meanWindMs, strength),
  windDirectionDegrees: turnTowards(usual.windDirectionDegrees, event.windDirectionDegrees, strength),
  gustiness: towards(usual.gustiness, event.gustiness, strength),
  rainMmPerHour: towards(usual.rainMmPerHour, event.rainMmPerHour, strength),
});

/** The weather events of a scenario; of two at once the later one in the file has the last word. */
export const createWeatherEvents = (scenario: Scenario): WeatherEvents => {
  const events = eventsOf(scenario, 'weather');
  return (usual, elapsedSeconds) =>
    events.reduce((conditions, event) => {
      const strength = strengthOf(event, elapsedSeconds);
      return strength === 0 ? conditions : apply(conditions, event, strength);
    }, usual);
};

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
  const machine = simulatedMachineFiles({ weatherAt, elapsedSeconds });
  const files = twins.flatMap(({ files: own }) => [...(own ?? [])]);
  const sysfs = createSimulatedSysfs(new Map([...machine.sysfs, ...files]));
  const trains = new Map(twins.flatMap(({ trains: own }) => [...(own ?? [])]));
  const edgeSource = createSimulatedEdgeSource({ clock, startMs, trains });
  const outputLines = createSimulatedOutputLines();
  const network = createSimulatedNetwork({ clock, startMs, scenario });

  return {
    buses: {
      i2cBus,
      sysfs,
      procfs: createSimulatedSysfs(machine.procfs),
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
