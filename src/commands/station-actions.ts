import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import type { GatewayConfig } from '../config/schema.ts';
import { runChecks } from '../doctor/check.ts';
import type { AdjustableLog } from '../log.ts';
import { type BucketRoute, getRange, judgeBucketUrl, upload } from '../remote/bucket.ts';
import type { StationActions } from '../remote/station-verbs.ts';
import {
  dropRelease,
  isOnTrial,
  readUpdateResult,
  takeBackRequest,
  updateHindrance,
  waitingRequest,
} from '../remote/update-files.ts';
import { systemClock } from '../time/clock.ts';
import type { CommandContext } from './command.ts';
import { diagnosticsForJob } from './diagnostics.ts';
import { checksFor } from './doctor.ts';

/** weather-gateway-reboot.path watches it. In /run, so that no reboot finds it again. */
const REBOOT_FILE = 'reboot';

type StationActionsParts = {
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
  const { runtimeDirectory, notifySocket, proxy: proxyEnvironment, release, updatePlaces } = environment;
  const rebootFile = join(runtimeDirectory ?? '/nonexistent', REBOOT_FILE);
  const route = async (): Promise<BucketRoute> => {
    const { proxy, rootCa: file } = config.aws;
    const rootCa = file === undefined ? undefined : await readFile(file, 'utf8');
    return { rootCa, proxy, proxyEnvironment };
  };
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
      await upload(url, content, await route(), AbortSignal.any([signal, stop]));
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
    updates: {
      installer: {
        hindrance: () => updateHindrance(release, updatePlaces),
        isOnTrial: () => isOnTrial(updatePlaces),
        waiting: () => waitingRequest(updatePlaces),
        handOver: (id, handed) => dropRelease(updatePlaces, id, handed),
        takeBack: () => takeBackRequest(updatePlaces),
        result: (id) => readUpdateResult(updatePlaces, id),
      },
      folder: updatePlaces.drop,
      getRange: async (url, from, stop) =>
        await getRange(url, from, await route(), AbortSignal.any([signal, stop])),
      architecture: `linux-${process.arch}`,
      nodeAbi: Number(process.versions.modules),
    },
  };
};
