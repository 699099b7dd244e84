import { z } from 'zod';
import type { DeviceCredentials } from '../certificate/device-credentials.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { ConnectError } from '../mqtt/publisher.ts';
import type { StationConnection } from '../mqtt/station-connection.ts';
import { askDaemon } from '../status/daemon-socket.ts';
import { offlineStatus, topicsOf } from '../weather/message.ts';
import { type Check, CheckFailure } from './check.ts';

const answer = z.object({
  link: z.object({
    state: z.string(),
    reason: z.string().optional(),
    problem: z.string().nullable().optional(),
  }),
  instruments: z
    .array(
      z.object({
        name: z.string(),
        state: z.string(),
        lastFault: z.object({ message: z.string() }).nullable(),
      }),
    )
    .default([]),
  refusedLanes: z.array(z.object({ topic: z.string(), reason: z.string() })).optional(),
});

type DaemonLink = z.output<typeof answer>['link'] & {
  /** Topics that the broker refuses, and why. */
  readonly refused?: z.output<typeof answer>['refusedLanes'];
};

/** `not running`: its id may be used. `unknown`: it may run, and must not be disturbed. */
export type RunningDaemon =
  | {
      readonly kind: 'running';
      readonly link: DaemonLink;
      /** What is wrong with the instruments that fail, by their names. */
      readonly faults: ReadonlyMap<string, string>;
    }
  | { readonly kind: 'not running' }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Whether a daemon runs on this state directory, and how its link is. */
export const runningDaemon = async (stateDirectory: string, signal: AbortSignal): Promise<RunningDaemon> => {
  const answered = await askDaemon(stateDirectory, signal);
  if (answered.kind !== 'answered') return answered;
  const status = answer.safeParse(answered.body);
  if (!status.success) return { kind: 'unknown', reason: 'the running daemon is of another version' };
  const { link, instruments, refusedLanes } = status.data;
  const failing = instruments.filter(({ state }) => state === 'failing');
  return {
    kind: 'running',
    link: { ...link, refused: refusedLanes },
    faults: new Map(failing.map(({ name, lastFault }) => [name, lastFault?.message ?? 'no value'])),
  };
};

type CloudParts = {
  readonly config: GatewayConfig;
  readonly credentials: Pick<DeviceCredentials, 'preview'>;
  readonly connection: Pick<StationConnection, 'with' | 'examine'>;
  /** Two clients of one id would end each other's sessions. */
  readonly daemon: () => Promise<RunningDaemon>;
  readonly signal: AbortSignal;
};

const SHIPPED_ENDPOINT = 'localhost';
const SET_ENDPOINT = `aws.endpoint is still ${SHIPPED_ENDPOINT}, as shipped: sudo weather-gateway setup asks for it`;

const tlsCheck = ({ config, credentials, connection, signal }: CloudParts): Check => ({
  name: 'TLS',
  remedy: 'check aws.endpoint, aws.port and aws.rootCa',
  run: async () => {
    const { pair } = await credentials.preview();
    const { isGood, text, remedy } = await connection.examine(pair, signal);
    if (!isGood)
      throw new CheckFailure(text, config.aws.endpoint === SHIPPED_ENDPOINT ? SET_ENDPOINT : remedy);
    return text;
  },
});

const POLICY =
  'is the certificate active and attached to the thing, and does its policy allow connect and publish?';

const CERTIFICATE = 'first what the check of the certificate above says';

const NETWORK = 'check cable, Wi-Fi or modem, router and firewall; the TLS check says more';

const publish = async ({ config, credentials, connection, signal }: CloudParts): Promise<string> => {
  const { station, aws } = config;
  const topic = topicsOf(aws.topicPrefix, station.id).status;
  const { pair, problems } = await credentials.preview();
  if (pair === null) throw new CheckFailure(problems.join('; '), CERTIFICATE);
  const connected = await connection
    .with(pair)(signal)
    .catch((error: unknown) => {
      if (!(error instanceof ConnectError)) throw error;
      const { kind, reason } = error.end;
      throw kind === 'unreachable' ? new CheckFailure(reason, NETWORK) : new Error(reason);
    });
  try {
    // Not retained: with no daemon running it is the truth, and no subscriber keeps it.
    const result = await connected.publish(topic, JSON.stringify(offlineStatus(station.id)));
    if (result.kind === 'acknowledged') return `acknowledged on ${topic}`;
    throw new CheckFailure(`${result.kind} on ${topic}: ${result.reason}`, POLICY);
  } finally {
    await connected.close();
  }
};

const SECOND_STATION = 'each station needs its own station.id and certificate; stop the other one';

const judgeLink = async (
  { credentials }: CloudParts,
  { state, reason, problem = null, refused: [refused] = [] }: DaemonLink,
): Promise<string> => {
  if (problem !== null) {
    const { problems } = await credentials.preview();
    const remedy = problems.length > 0 ? CERTIFICATE : SECOND_STATION;
    throw new CheckFailure(`the running daemon is ${state}: ${problem}`, remedy);
  }
  if (refused !== undefined)
    throw new CheckFailure(`the running daemon is refused on ${refused.topic}: ${refused.reason}`, POLICY);
  if (state === 'connected') return 'the running daemon is connected';
  throw new CheckFailure(
    `the running daemon is ${state}${reason === undefined ? '' : `: ${reason}`}`,
    'journalctl -u weather-gateway says more',
  );
};

const publishCheck = (parts: CloudParts): Check => ({
  name: 'publish',
  remedy: POLICY,
  run: async () => {
    const daemon = await parts.daemon();
    if (daemon.kind === 'not running') return await publish(parts);
    if (daemon.kind === 'running') return await judgeLink(parts, daemon.link);
    throw new CheckFailure(
      `not tried, as a daemon with this id may be connected: ${daemon.reason}`,
      'run doctor with sudo, or stop the daemon first',
    );
  },
});

/** The way to the cloud, and whether it takes what we send. */
export const cloudChecks = (parts: CloudParts): Check[] => [tlsCheck(parts), publishCheck(parts)];
