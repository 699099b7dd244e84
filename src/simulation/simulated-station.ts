import { createSimulatedSysfs, type StationBuses } from '../buses/station-buses.ts';
import { loadYamlFile } from '../config/load.ts';
import type { ConfigProblem } from '../config/text-file.ts';
import { catalogue, instrumentsIn } from '../instruments/catalogue.ts';
import type {
  ConfiguredInstrument,
  Instrument,
  SimulatedInstrument,
  SimulatedTwin,
  Surroundings,
} from '../instruments/instrument.ts';
import type { Clock } from '../time/clock.ts';
import {
  type EventOf,
  endOf,
  eventsOf,
  MAX_SEED,
  ordinaryScenario,
  type Scenario,
  scenarioSchemaOf,
} from './scenario.ts';
import { stepping } from './scenario-clocks.ts';
import { createSimulatedEdgeSource, createSimulatedOutputLines } from './simulated-gpio.ts';
import { createSimulatedI2cBus } from './simulated-i2c-bus.ts';
import { createSimulatedNetwork, type SimulatedNetwork } from './simulated-network.ts';
import {
  type Conditions,
  createWeatherModel,
  type Weather,
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

type SimulatedStationOptions = {
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

/** What the kernel of a small computer in a box shows: its supply is good, and it is warmer than the air. */
const simulatedMachineFiles = ({
  weatherAt,
  elapsedSeconds,
}: Pick<Surroundings, 'weatherAt' | 'elapsedSeconds'>) => {
  const milliCelsius = (): number => Math.round((weatherAt(elapsedSeconds()).temperatureC + 24) * 1_000);
  return {
    sysfs: new Map([
      ['class/hwmon/rpi_volt-simulated/name', () => 'rpi_volt\n'],
      ['class/hwmon/rpi_volt-simulated/in0_lcrit_alarm', () => '0\n'],
      ['class/thermal/thermal_zone0/temp', () => `${milliCelsius()}\n`],
    ]),
    procfs: new Map([
      ['loadavg', () => '0.08 0.05 0.01 1/128 4242\n'],
      ['meminfo', () => 'MemTotal:         440296 kB\nMemAvailable:     262144 kB\n'],
      [
        'net/wireless',
        () => ' wlan0: 0000   55.  -61.  -256        0      0      0      0      0        0\n',
      ],
    ]),
  };
};

/** Slower than the steps of a potentiometer that count as a turn. */
const DEGREES_PER_LOOK = 0.5;
/** Cups that a finger turns, and a bucket that it tips. */
const HAND = { windMs: 2, rainMmPerHour: 1_000 };

type HandMovedStation = Pick<SimulatedStation, 'buses' | 'clock'> & {
  /** Called between two looks at the vane: turns it on. */
  readonly onLook: () => void;
};

/** A simulated station whose instruments somebody moves: cups turn, the bucket tips, the vane goes on from look to look. */
export const openHandMovedStation = async (options: SimulatedStationOptions): Promise<HandMovedStation> => {
  let windDirectionDegrees = 0;
  const motion = (): Partial<Weather> => ({ ...HAND, windDirectionDegrees });
  const { buses, clock } = await openSimulatedStation({
    ...options,
    instruments: options.instruments.map(
      ({ instrument, config }): ConfiguredInstrument => ({ instrument: moved(instrument, motion), config }),
    ),
  });
  return {
    buses,
    clock,
    onLook: () => {
      windDirectionDegrees += DEGREES_PER_LOOK;
    },
  };
};

const moved = (instrument: Instrument, motion: () => Partial<Weather>): Instrument => ({
  ...instrument,
  simulated: async (): Promise<SimulatedTwin<Readonly<Record<string, unknown>>>> => {
    const twin = await instrument.simulated();
    return {
      simulate: (config, surroundings) =>
        twin.simulate(config, {
          ...surroundings,
          weatherAt: (seconds) => ({ ...surroundings.weatherAt(seconds), ...motion() }),
        }),
    };
  },
});

type LoadedScenario =
  | { readonly scenario: Scenario; readonly problems?: undefined }
  | { readonly scenario?: undefined; readonly problems: readonly ConfigProblem[] };

type ScenarioArguments = {
  /** A scenario file; ordinary weather without. */
  readonly scenario?: string | undefined;
  /** Goes before the seed of the file. */
  readonly seed?: string | undefined;
};

const seedProblem = (seed: string): ConfigProblem => ({
  file: '--seed',
  line: null,
  column: null,
  key: '',
  found: JSON.stringify(seed),
  allowed: `a whole number from 0 to ${MAX_SEED}`,
});

/** What `--scenario` and `--seed` ask for, or every problem of both. */
export const loadScenario = async ({ scenario: file, seed }: ScenarioArguments): Promise<LoadedScenario> => {
  const isSeedGood = seed === undefined || (/^\d{1,10}$/.test(seed) && Number(seed) <= MAX_SEED);
  const seedProblems = isSeedGood ? [] : [seedProblem(seed)];
  const chips = instrumentsIn(catalogue).flatMap(({ chip }) => chip ?? []);
  const allowed = 'a scenario such as config/scenarios/storm.yaml';
  const loaded =
    file === undefined
      ? { value: ordinaryScenario }
      : await loadYamlFile(file, { schema: scenarioSchemaOf(chips), allowed });
  if (loaded.value === undefined) return { problems: [...loaded.problems, ...seedProblems] };
  if (!isSeedGood) return { problems: seedProblems };
  return { scenario: seed === undefined ? loaded.value : { ...loaded.value, seed: Number(seed) } };
};
