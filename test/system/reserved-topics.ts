import type { FleetDouble, Message } from '../fakes/fleet-provisioning.ts';
import { connectMqtt, type MqttClientParts } from './mqtt-client.ts';

export type ReservedTopics = {
  /** Every message that a station sent and that is none of the reserved topics. */
  readonly readings: Message[];
  close(): Promise<void>;
};

export type ReservedTopicsParts = MqttClientParts & {
  readonly fleet: FleetDouble;
  /** Called with each request before and after it is answered. */
  readonly onRequest: (request: Message, moment: 'before' | 'after') => Promise<void>;
};

/** The other side of `$aws/#` at a plain broker; comes back when the broker does. */
export const serveReservedTopics = async (parts: ReservedTopicsParts): Promise<ReservedTopics> => {
  const { fleet, onRequest } = parts;
  const readings: Message[] = [];
  const client = await connectMqtt(parts, { clientId: 'aws', reconnectPeriod: 100 });
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
