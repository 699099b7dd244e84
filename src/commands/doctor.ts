import { openStationBuses } from '../buses/machine-buses.ts';
import { loadConfig } from '../config/load.ts';
import { BAD_CONFIGURATION, formatProblem } from '../config/problem.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { cloudSteps } from '../doctor/cloud-steps.ts';
import { hardwareSteps } from '../doctor/hardware-steps.ts';
import { machineSteps } from '../doctor/machine-steps.ts';
import { daemonLink } from '../doctor/running-daemon.ts';
import { formatFinding, type Step, takeSteps } from '../doctor/step.ts';
import { createLog } from '../log.ts';
import { awsConnect } from '../mqtt/aws-connection.ts';
import { stationConnection } from '../mqtt/station-connection.ts';
import { systemClock } from '../time/clock.ts';
import { systemSynchronization } from '../time/synchronization.ts';
import type { Command, CommandContext } from './command.ts';

const stepsFor = (config: GatewayConfig, { environment, signal }: CommandContext): Step[] => {
  const { sensors, http, outbox } = config;
  const log = createLog('silent');
  const linkOfDaemon = () => daemonLink(http, signal);
  return [
    ...hardwareSteps({
      sensors,
      clock: systemClock,
      openBuses: () => openStationBuses({ sensors, clock: systemClock, log }),
      isDaemonRunning: async () => (await linkOfDaemon()) !== null,
    }),
    ...machineSteps({
      config,
      directory: environment.stateDirectory ?? outbox.directory,
      synchronization: systemSynchronization(),
      wallMs: () => systemClock.wallMs(),
    }),
    ...cloudSteps({
      config,
      connect: awsConnect(stationConnection(config)),
      daemonLink: linkOfDaemon,
      signal,
    }),
  ];
};

/** Tests the real thing step by step. */
export const command: Command = async (args, context) => {
  const { environment, out, err } = context;
  const { config, problems } = await loadConfig(args.config ?? environment.configPath, environment);
  if (config === undefined) {
    err.write(`${problems.map(formatProblem).join('\n')}\n`);
    return BAD_CONFIGURATION;
  }
  const isJson = args.json === true;
  const findings = await takeSteps(stepsFor(config, context), systemClock, (finding) => {
    if (!isJson) out.write(formatFinding(finding));
  });
  if (isJson) out.write(`${JSON.stringify(findings, null, 2)}\n`);
  return findings.every(({ isPassed }) => isPassed) ? 0 : 1;
};
