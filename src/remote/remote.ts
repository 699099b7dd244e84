import type { GatewayConfig } from '../config/schema.ts';
import type { Log } from '../log.ts';
import type { Publisher } from '../mqtt/publisher.ts';
import type { Clock } from '../time/clock.ts';
import type { Loop } from '../time/loops.ts';
import { type ConfigurationStatus, RemoteConfiguration, type StationOverlays } from './configuration.ts';
import { channelOff } from './inbound-channel.ts';
import { Jobs, type JobsStatus, jobsOff } from './jobs.ts';
import { ReleaseDownload } from './release-download.ts';
import { StationUpdate } from './station-update.ts';
import { type StationActions, StationVerbs } from './station-verbs.ts';

type RemoteParts = {
  readonly config: GatewayConfig;
  /** What came from afar, and how more of it is taken; nothing is taken without. */
  readonly station?: StationOverlays | undefined;
  readonly version: string;
  readonly actions: StationActions;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly log: Log;
};

/** What the station hears from afar, and does about it. */
export type Remote = {
  readonly loops: readonly Loop[];
  readonly jobs: { status(): JobsStatus };
  readonly configuration: { status(): ConfigurationStatus };
  /** What was measured in this run, and a PUBACK for a reading: what the station runs by works. */
  noteDelivered(): void;
};

const configurationOff: ConfigurationStatus = {
  ...channelOff,
  inForce: 'own',
  id: null,
  keys: [],
  dropped: null,
};

const openJobs = (parts: RemoteParts, readingsWait: () => boolean): Jobs | null => {
  const { config, version, publisher, actions, clock, log } = parts;
  if (!config.aws.jobs) return null;
  const { installer, folder, getRange, architecture, nodeAbi } = actions.updates;
  const update = new StationUpdate({
    version,
    architecture,
    nodeAbi,
    installer,
    download: new ReleaseDownload({ folder, getRange, clock, readingsWait }),
    judgeUrl: actions.judgeBucketUrl,
    clock,
  });
  const verbs = new StationVerbs({ actions, update, clock });
  return new Jobs({ thing: config.station.id, publisher, clock, log, verbs });
};

/** Jobs and configuration, as far as the station takes them. Readings come first: a download waits while any of them do. */
export const openRemote = (parts: RemoteParts, readingsWait: () => boolean): Remote => {
  const { config, station, version, actions, publisher, clock, log } = parts;
  const thing = config.station.id;
  const jobs = openJobs(parts, readingsWait);
  const configuration =
    station === undefined
      ? null
      : new RemoteConfiguration({
          thing,
          version,
          station,
          publisher,
          clock,
          log,
          restart: actions.restart,
          after: jobs?.channel,
        });
  const running = [jobs, configuration].filter((each) => each !== null);
  return {
    loops: running.map(
      (each): Loop =>
        (signal) =>
          each.run(signal),
    ),
    jobs: jobs ?? { status: () => jobsOff },
    configuration: configuration ?? { status: () => configurationOff },
    noteDelivered: () => configuration?.noteDelivered(),
  };
};
