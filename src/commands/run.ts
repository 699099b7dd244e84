import { join } from 'node:path';
import { openStationBuses } from '../buses/machine-buses.ts';
import type { StationBuses } from '../buses/station-buses.ts';
import { DeviceCredentials } from '../certificate/device-credentials.ts';
import { renewalsIn } from '../certificate/key-pairs.ts';
import { loadMerged, type StationConfig, startStationConfig, writeOverlays } from '../config/overlays.ts';
import { type ProxyEnvironment, proxyFor } from '../config/proxy.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { BAD_CONFIGURATION, formatProblem } from '../config/text-file.ts';
import { runGateway } from '../gateway.ts';
import { loadPageFiles } from '../http/server.ts';
import { configuredInstruments } from '../instruments/catalogue.ts';
import type { ConfiguredInstrument } from '../instruments/instrument.ts';
import { createLog, type Log } from '../log.ts';
import type { Publisher } from '../mqtt/publisher.ts';
import { ReconnectingPublisher } from '../mqtt/reconnecting-publisher.ts';
import { connectWithCredentials, StationConnection } from '../mqtt/station-connection.ts';
import { StoreIsBackError } from '../outbox/open-outbox.ts';
import { Renewal, type RenewalParts } from '../remote/renewal.ts';
import { isNetworkDead, SelfHelp } from '../remote/self-help.ts';
import type { StationActions } from '../remote/station-verbs.ts';
import type { Scenario } from '../simulation/scenario.ts';
import { accelerated, catchingUp } from '../simulation/scenario-clocks.ts';
import { behindNetwork } from '../simulation/simulated-network.ts';
import { loadScenario, openSimulatedStation } from '../simulation/simulated-station.ts';
import { StorageLockedError, StorageUnusableError } from '../store/store.ts';
import { createServiceManager } from '../systemd.ts';
import { type Clock, systemClock } from '../time/clock.ts';
import type { Loop } from '../time/loops.ts';
import { type Synchronization, systemSynchronization } from '../time/synchronization.ts';
import { readBootId } from '../time/time-keeper.ts';
import type { Command, CommandContext } from './command.ts';
import { stationActions } from './station-actions.ts';

const PAGE_DIRECTORY = new URL('../http/page/', import.meta.url);

/** A job asked for a restart: systemd starts the daemon again, and counts no failure. */
const RESTART = 75;

/** What the daemon runs on: this machine, or a simulation of it. */
type Machine = {
  readonly buses: StationBuses;
  readonly clock: Clock;
  readonly synchronization: Synchronization;
  /** Puts the scenario's network in between. */
  readonly throughNetwork: (publisher: Publisher) => Publisher;
};

/** The daemon, in the foreground. */
export const command: Command = async (args, context) => {
  const { environment, err } = context;
  const file = args.config ?? environment.configPath;
  const { credentialsDirectory, stateDirectory } = environment;
  const [loaded, scripted] = await Promise.all([
    startStationConfig(file, { credentialsDirectory, stateDirectory }),
    args.simulate === true ? loadScenario(args) : { scenario: undefined, problems: undefined },
  ]);
  if (loaded.problems !== undefined || scripted.problems !== undefined) {
    const problems = [...(loaded.problems ?? []), ...(scripted.problems ?? [])];
    err.write(`${problems.map(formatProblem).join('\n')}\n`);
    return BAD_CONFIGURATION;
  }
  return await run(loaded, file, scripted.scenario, context);
};

/** What is no bug, and one line says all of. */
const isExpected = (error: unknown): error is Error =>
  error instanceof StorageLockedError ||
  error instanceof StorageUnusableError ||
  error instanceof StoreIsBackError;

const run = async (
  station: StationConfig,
  configFile: string,
  scenario: Scenario | undefined,
  context: CommandContext,
): Promise<number> => {
  const { environment, version, signal } = context;
  const { config } = station;
  const { credentialsDirectory } = environment;
  const log = createLog(config.log.level);
  const instruments = configuredInstruments(config.sensors);
  const { buses, clock, synchronization, throughNetwork } =
    scenario === undefined
      ? await openThisMachine(config, log)
      : await simulate(config, instruments, scenario);
  const directory = environment.stateDirectory ?? config.outbox.directory;
  const { certificate, privateKey } = config.aws;
  const credentials = new DeviceCredentials({
    files: { certificate, privateKey, renewals: renewalsIn(directory) },
    clock,
    log,
  });
  const connection = new StationConnection({
    config,
    proxyEnvironment: environment.proxy,
    synchronization,
    clock,
  });
  const publisher = throughNetwork(
    new ReconnectingPublisher({
      connect: connectWithCredentials({
        credentials,
        connectWith: (pair) => connection.with(pair),
        clock,
      }),
      credentialProblem: () => credentials.problem(),
      clock,
      log,
    }),
  );
  const bootId = await readBootId();
  const restart = new AbortController();
  const actions = stationActions({ config, configFile, context, bootId, log, restart });
  log.info({ version, station: config.station.id, directory }, 'weather-gateway starts');
  const failure = await runGateway(
    {
      config,
      station: {
        ...station,
        check: (values) => loadMerged(configFile, values, { credentialsDirectory }),
        write: (overlays) => writeOverlays(directory, overlays),
      },
      version,
      directory,
      runtimeDirectory: environment.runtimeDirectory,
      clock,
      synchronization,
      instruments,
      buses,
      publisher,
      credentials,
      renewal: renewing({ config, directory, credentials, connection, clock, log }),
      log,
      bootId,
      release: environment.release,
      actions,
      // A simulated station may run where somebody else needs the machine.
      selfHelp:
        scenario === undefined ? helpItself(config, directory, actions, environment.proxy, log) : undefined,
      manager: createServiceManager({ ...environment, log }),
      pageFiles: await loadPageFiles(PAGE_DIRECTORY),
    },
    AbortSignal.any([signal, restart.signal]),
  ).then(
    () => null,
    (error: unknown) => {
      if (isExpected(error)) return error.message;
      throw error;
    },
  );
  if (failure !== null) log.error({}, failure);
  log.info({}, 'weather-gateway has stopped');
  if (failure !== null) return 1;
  return restart.signal.aborted && !signal.aborted ? RESTART : 0;
};

type RenewingParts = Pick<RenewalParts, 'credentials' | 'clock' | 'log'> & {
  readonly config: GatewayConfig;
  readonly directory: string;
  readonly connection: StationConnection;
};

const renewing = ({ config, directory, connection, ...parts }: RenewingParts): Loop | undefined => {
  const { endpoint, provisioningTemplate: template } = config.aws;
  if (template === undefined) return undefined;
  const renewal = new Renewal({
    ...parts,
    stationId: config.station.id,
    endpoint,
    template,
    renewals: renewalsIn(directory),
    connectWith: (pair) => connection.forProvisioning(pair),
  });
  return (signal) => renewal.run(signal);
};

const helpItself = (
  { station, aws }: GatewayConfig,
  directory: string,
  { bootId, reboot }: StationActions,
  proxyEnvironment: ProxyEnvironment,
  log: Log,
): SelfHelp | undefined => {
  if (station.rebootAfterHours === undefined) return undefined;
  const { host, port } = proxyFor(aws.endpoint, aws.proxy, proxyEnvironment) ?? {
    host: aws.endpoint,
    port: aws.port,
  };
  return new SelfHelp({
    afterHours: station.rebootAfterHours,
    recordFile: join(directory, 'rebooted.json'),
    bootId,
    isNetworkDead: () => isNetworkDead({ host, port }),
    reboot,
    clock: systemClock,
    log,
  });
};

const openThisMachine = async (config: GatewayConfig, log: Log): Promise<Machine> => ({
  buses: await openStationBuses({ sensors: config.sensors, clock: systemClock, log }),
  clock: systemClock,
  synchronization: systemSynchronization(),
  throughNetwork: (publisher) => publisher,
});

const scenarioClock = ({ speed = 1, lag }: Scenario): Clock =>
  lag === undefined
    ? accelerated(systemClock, speed)
    : catchingUp(systemClock, { atMs: Date.parse(lag.at), byMs: lag.seconds * 1000, speed });

/** A step of the simulated clock is larger than this, and the running of the machine's own smaller. */
const CLOCK_TOLERANCE_MS = 1_000;

const simulate = async (
  { station }: GatewayConfig,
  instruments: readonly ConfiguredInstrument[],
  scenario: Scenario,
): Promise<Machine> => {
  const machineClock = scenarioClock(scenario);
  const { buses, clock, network } = await openSimulatedStation({
    clock: machineClock,
    instruments,
    scenario,
    ...(station.elevationMetres === undefined ? {} : { elevationMetres: station.elevationMetres }),
  });
  // The simulated machine knows the time as long as the scenario has not set its clock wrong.
  const isRight = (): Promise<boolean> =>
    Promise.resolve(Math.abs(clock.wallMs() - machineClock.wallMs()) < CLOCK_TOLERANCE_MS);
  return {
    buses,
    clock,
    synchronization: { isSynchronized: isRight, wasSynchronizedInThisBoot: isRight },
    throughNetwork: (publisher) => behindNetwork(publisher, network),
  };
};
