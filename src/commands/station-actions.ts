import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GatewayConfig } from '../config/schema.ts';
import { runChecks } from '../doctor/check.ts';
import type { AdjustableLog } from '../log.ts';
import { judgeBucketUrl, upload } from '../remote/bucket.ts';
import type { StationActions } from '../remote/station-verbs.ts';
import { systemClock } from '../time/clock.ts';
import type { CommandContext } from './command.ts';
import { diagnosticsForJob } from './diagnostics.ts';
import { checksFor } from './doctor.ts';

/** weather-gateway-reboot.path watches it. In /run, so that no reboot finds it again. */
const REBOOT_FILE = 'reboot';

export type StationActionsParts = {
  readonly config: GatewayConfig;
  readonly configFile: string;
  readonly context: CommandContext;
  readonly bootId: string;
  readonly log: AdjustableLog;
  /** Aborted to end the daemon, which systemd then starts again. */
  readonly restart: AbortController;
};

const NO_SYSTEMD = 'this daemon is not run by systemd: nobody would';

/** What a job of AWS IoT may do with the daemon of this process. */
export const stationActions = (parts: StationActionsParts): StationActions => {
  const { config, configFile, context, bootId, log, restart } = parts;
  const { environment, version, signal } = context;
  const { runtimeDirectory, notifySocket, proxy: proxyEnvironment } = environment;
  const rebootFile = join(runtimeDirectory ?? '/nonexistent', REBOOT_FILE);
  return {
    bootId,
    version,
    runId: randomUUID(),
    configuredLogLevel: config.log.level,
    setLogLevel: (level) => log.setLevel(level),
    doctor: () => runChecks(checksFor(config, configFile, context), systemClock, () => undefined),
    diagnostics: () => diagnosticsForJob(configFile, context),
    judgeBucketUrl: (url) => judgeBucketUrl(url, config.aws.endpoint),
    upload: async (url, content, stop) => {
      const { proxy, rootCa: file } = config.aws;
      const rootCa = file === undefined ? undefined : await readFile(file, 'utf8');
      await upload(url, content, { rootCa, proxy, proxyEnvironment }, AbortSignal.any([signal, stop]));
    },
    restart: {
      hindrance: notifySocket === undefined ? `${NO_SYSTEMD} start it again` : null,
      begin: () => restart.abort(new Error('a job asked for a restart')),
    },
    reboot: {
      hindrance: runtimeDirectory === undefined ? `${NO_SYSTEMD} reboot the machine` : null,
      begin: () => writeFile(rebootFile, ''),
      takeBack: () => rm(rebootFile, { force: true }),
    },
  };
};
