import { connect as connectSocket } from 'node:net';
import type { GatewayConfig } from '../config/schema.ts';
import type { Connect } from '../mqtt/connection.ts';
import { type StatusMessage, topicsOf } from '../weather/message.ts';
import { Complaint, type Step } from './step.ts';

export type CloudParts = {
  readonly config: GatewayConfig;
  readonly connect: Connect;
  /** Link of the running daemon; `null` when none runs. Two clients of one name would throw each other out. */
  readonly daemonLink: () => Promise<string | null>;
  readonly signal: AbortSignal;
};

const endpointStep = ({ config: { aws }, signal }: CloudParts): Step => ({
  name: 'endpoint',
  remedy:
    'compare aws.endpoint with aws iot describe-endpoint --endpoint-type iot:Data-ATS; is the port open?',
  examine: () =>
    new Promise((resolve, reject) => {
      const socket = connectSocket({ host: aws.endpoint, port: aws.port, signal });
      socket.once('error', reject);
      socket.once('connect', () => {
        resolve(`${aws.endpoint}:${aws.port} answers from ${socket.remoteAddress}`);
        socket.destroy();
      });
    }),
});

const POLICY =
  'is the certificate active and attached to the thing, and does its policy allow connect and publish?';

const publish = async ({ config, connect, signal }: CloudParts): Promise<string> => {
  const { station, aws } = config;
  const topic = topicsOf(aws.topicPrefix, station.id).status;
  const connection = await connect(signal);
  try {
    // Not retained: with no daemon running it is the truth, and it stays with nobody.
    const message: StatusMessage = { deviceid: station.id, state: 'offline' };
    const result = await connection.publish(topic, JSON.stringify(message));
    if (result.kind === 'acknowledged') return `acknowledged on ${topic}`;
    throw new Complaint(`${result.kind} on ${topic}: ${result.reason}`, POLICY);
  } finally {
    await connection.close();
  }
};

const publishStep = (parts: CloudParts): Step => ({
  name: 'publish',
  remedy: POLICY,
  examine: async () => {
    const link = await parts.daemonLink();
    if (link === null) return await publish(parts);
    if (link === 'connected') return 'the running daemon is connected';
    throw new Complaint(`the running daemon is ${link}`, 'journalctl -u weather-gateway says why');
  },
});

/** The way to the cloud, and whether it takes what we send. */
export const cloudSteps = (parts: CloudParts): Step[] => [endpointStep(parts), publishStep(parts)];
