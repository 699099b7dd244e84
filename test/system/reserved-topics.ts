import { connectAsync } from 'mqtt';
import type { Identity } from '../../src/certificate/certificate-authority.ts';
import type { FleetDouble, Message } from '../fakes/fleet-provisioning.ts';

export type ReservedTopics = {
  /** Every message that a station sent and that is none of the reserved topics. */
  readonly readings: Message[];
  close(): Promise<void>;
};

export type ReservedTopicsParts = {
  readonly port: number;
  readonly rootCa: string;
  readonly identity: Identity;
  readonly fleet: FleetDouble;
  /** Called with each request before and after it is answered. */
  readonly onRequest: (request: Message, moment: 'before' | 'after') => Promise<void>;
};

/** The other side of `$aws/#` at a plain broker; comes back when the broker does. */
export const serveReservedTopics = async (parts: ReservedTopicsParts): Promise<ReservedTopics> => {
  const { fleet, onRequest } = parts;
  const readings: Message[] = [];
  const client = await connectAsync({
    protocol: 'mqtts',
    host: '127.0.0.1',
    port: parts.port,
    protocolVersion: 5,
    ca: parts.rootCa,
    cert: parts.identity.certificate,
    key: parts.identity.privateKey,
    reconnectPeriod: 100,
    clientId: 'aws',
  });
  client.on('error', () => undefined);
  const answer = async (request: Message): Promise<void> => {
    await onRequest(request, 'before');
    const response = await fleet.answer(request);
    if (response !== null) await client.publishAsync(response.topic, response.payload, { qos: 1 });
    await onRequest(request, 'after');
  };
  client.on('message', (topic, bytes) => {
    const message = { topic, payload: bytes.toString() };
    if (!topic.startsWith('$aws/')) readings.push(message);
    // A broker that is gone takes no answer.
    else if (!/\/(accepted|rejected)$/.test(topic)) answer(message).catch(() => undefined);
  });
  await client.subscribeAsync(['$aws/#', 'weather/#'], { qos: 1 });
  return { readings, close: () => client.endAsync(true) };
};
