import { z } from 'zod';
import type { DeviceCredentials } from '../certificate/device-credentials.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { ConnectError } from '../mqtt/connection.ts';
import type { StationConnection } from '../mqtt/station-connection.ts';
import { askDaemon } from '../status/daemon-socket.ts';
import { type StatusMessage, topicsOf } from '../weather/message.ts';
import { type Check, CheckFailure } from './check.ts';

const answer = z.object({
  link: z.object({
    state: z.string(),
    reason: z.string().optional(),
    problem: z.string().nullable().optional(),
  }),
  refusedLanes: z.array(z.object({ topic: z.string(), reason: z.string() })).optional(),
});

export type DaemonLink = z.output<typeof answer>['link'] & {
  /** Topics that the broker refuses, and why. */
  readonly refused?: z.output<typeof answer>['refusedLanes'];
};

/** `not running`: its id may be used. `unknown`: it may run, and must not be disturbed. */
export type RunningDaemon =
  | { readonly kind: 'running'; readonly link: DaemonLink }
  | { readonly kind: 'not running' }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Whether a daemon runs on this state directory, and how its link is. */
export const runningDaemon = async (stateDirectory: string, signal: AbortSignal): Promise<RunningDaemon> => {
  const answered = await askDaemon(stateDirectory, signal);
  if (answered.kind !== 'answered') return answered;
  const status = answer.safeParse(answered.body);
  return status.success
    ? { kind: 'running', link: { ...status.data.link, refused: status.data.refusedLanes } }
    : { kind: 'unknown', reason: 'the running daemon is of another version' };
};

export type CloudParts = {
  readonly config: GatewayConfig;
  readonly credentials: Pick<DeviceCredentials, 'preview'>;
  readonly connection: Pick<StationConnection, 'with' | 'examine'>;
  /** Two clients of one id would end each other's sessions. */
  readonly daemon: () => Promise<RunningDaemon>;
  readonly signal: AbortSignal;
};

const tlsCheck = ({ credentials, connection, signal }: CloudParts): Check => ({
  name: 'TLS',
  remedy: 'check aws.endpoint, aws.port and aws.rootCa',
  run: async () => {
    const { pair } = await credentials.preview();
    const { isGood, text, remedy } = await connection.examine(pair, signal);
    if (!isGood) throw new CheckFailure(text, remedy);
    return text;
  },
});

const POLICY =
  'is the certificate active and attached to the thing, and does its policy allow connect and publish?';

const NETWORK = 'check cable, Wi-Fi or modem, router and firewall; the TLS check says more';

const publish = async ({ config, credentials, connection, signal }: CloudParts): Promise<string> => {
  const { station, aws } = config;
  const topic = topicsOf(aws.topicPrefix, station.id).status;
  const { pair, problems } = await credentials.preview();
  if (pair === null) throw new Error(problems.join('; '));
  const connected = await connection
    .with(pair)(signal)
    .catch((error: unknown) => {
      if (!(error instanceof ConnectError)) throw error;
      const { kind, reason } = error.end;
      throw kind === 'unreachable' ? new CheckFailure(reason, NETWORK) : new Error(reason);
    });
  try {
    // Not retained: with no daemon running it is the truth, and no subscriber keeps it.
    const message: StatusMessage = { deviceid: station.id, state: 'offline' };
    const result = await connected.publish(topic, JSON.stringify(message));
    if (result.kind === 'acknowledged') return `acknowledged on ${topic}`;
    throw new CheckFailure(`${result.kind} on ${topic}: ${result.reason}`, POLICY);
  } finally {
    await connected.close();
  }
};

const publishCheck = (parts: CloudParts): Check => ({
  name: 'publish',
  remedy: POLICY,
  run: async () => {
    const daemon = await parts.daemon();
    if (daemon.kind === 'not running') return await publish(parts);
    if (daemon.kind === 'unknown')
      throw new CheckFailure(
        `not tried, as a daemon with this id may be connected: ${daemon.reason}`,
        'run doctor with sudo, or stop the daemon first',
      );
    const { state, reason, problem } = daemon.link;
    if (problem !== null && problem !== undefined)
      throw new CheckFailure(
        `the running daemon is ${state}: ${problem}`,
        'each station needs its own station.id and certificate; stop the other one',
      );
    const [refused] = daemon.link.refused ?? [];
    if (refused !== undefined)
      throw new CheckFailure(`the running daemon is refused on ${refused.topic}: ${refused.reason}`, POLICY);
    if (state === 'connected') return 'the running daemon is connected';
    throw new CheckFailure(
      `the running daemon is ${state}${reason === undefined ? '' : `: ${reason}`}`,
      'journalctl -u weather-gateway says more',
    );
  },
});

/** The way to the cloud, and whether it takes what we send. */
export const cloudChecks = (parts: CloudParts): Check[] => [tlsCheck(parts), publishCheck(parts)];
