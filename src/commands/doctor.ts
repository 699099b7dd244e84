import { openStationBuses } from '../buses/machine-buses.ts';
import { DeviceCredentials } from '../certificate/device-credentials.ts';
import { renewalsIn } from '../certificate/key-pairs.ts';
import { loadStationConfig } from '../config/overlays.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { type Check, formatFinding, runChecks } from '../doctor/check.ts';
import { cloudChecks, runningDaemon } from '../doctor/cloud-checks.ts';
import { hardwareChecks, machineChecks } from '../doctor/machine-checks.ts';
import { configuredInstruments } from '../instruments/catalogue.ts';
import { createLog } from '../log.ts';
import { StationConnection } from '../mqtt/station-connection.ts';
import { systemClock as clock } from '../time/clock.ts';
import { systemSynchronization } from '../time/synchronization.ts';
import { printable, printableJson } from '../weather/format.ts';
import { type CommandContext, configured, stateDirectoryOf } from './command.ts';

const configurationCheck = (configFile: string, { environment }: CommandContext): Check => ({
  name: 'configuration',
  remedy: 'weather-gateway check',
  run: async () => {
    const { credentialsDirectory, stateDirectory } = environment;
    const station = await loadStationConfig(configFile, { credentialsDirectory, stateDirectory });
    if (station.problems !== undefined) throw new Error(`${station.problems.length} problems`);
    const { inForce, overlays } = station;
    const from = {
      own: `${configFile} alone`,
      kept: `${configFile}, and values from afar`,
      trial: `${configFile}, and values from afar on trial`,
    };
    return `${from[inForce]}${overlays.dropped === null ? '' : '; other values from afar are not in force'}`;
  },
});

export const checksFor = (config: GatewayConfig, configFile: string, context: CommandContext): Check[] => {
  const { sensors, aws } = config;
  const { environment, signal } = context;
  const log = createLog('silent');
  const directory = stateDirectoryOf(config, context);
  const synchronization = systemSynchronization();
  const { certificate, privateKey } = aws;
  const credentials = new DeviceCredentials({
    files: { certificate, privateKey, renewals: renewalsIn(directory) },
    clock,
    log,
  });
  const daemon = () => runningDaemon(directory, signal);
  return [
    ...hardwareChecks({
      instruments: configuredInstruments(sensors),
      i2cBus: sensors.i2cBus,
      clock,
      openBuses: () => openStationBuses({ sensors, clock, log }),
      daemonFaults: async () => {
        const found = await daemon();
        if (found.kind === 'running') return found.faults;
        return found.kind === 'unknown' ? new Map() : null;
      },
    }),
    configurationCheck(configFile, context),
    ...machineChecks({
      config,
      configFile,
      credentials,
      directory,
      synchronization,
      wallMs: () => clock.wallMs(),
    }),
    ...cloudChecks({
      config,
      credentials,
      connection: new StationConnection({
        config,
        proxyEnvironment: environment.proxy,
        synchronization,
        clock,
      }),
      daemon,
      signal,
    }),
  ];
};

/** Tests the real thing step by step. */
export const command = configured(async (config, args, context) => {
  const { environment, out } = context;
  const isJson = args.json === true;
  const steps = checksFor(config, args.config ?? environment.configPath, context);
  const findings = await runChecks(steps, clock, (finding) => {
    if (!isJson) out.write(printable(formatFinding(finding)));
  });
  if (isJson) out.write(`${printableJson(findings, 2)}\n`);
  return findings.every(({ isPassed }) => isPassed) ? 0 : 1;
});
