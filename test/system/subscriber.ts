import { connectMqtt, type MqttClientParts } from './mqtt-client.ts';

export type Subscriber = { close(): Promise<void> };

export type SubscriberParts = MqttClientParts & {
  readonly onMessage: (topic: string, payload: string) => void;
  /** What the broker kept from before. */
  readonly onRetained?: (topic: string, payload: string) => void;
};

/** Listens to everything the stations publish; resolves once the broker has taken the subscription. */
export const subscribe = async (parts: SubscriberParts): Promise<Subscriber> => {
  const clientId = `subscriber-${process.pid}-${parts.port}`;
  const client = await connectMqtt(parts, { clientId, reconnectPeriod: 0 });
  client.on('message', (topic, payload, packet) => {
    if (packet.retain) parts.onRetained?.(topic, payload.toString());
    else parts.onMessage(topic, payload.toString());
  });
  await client.subscribeAsync('weather/#', { qos: 0 });
  return { close: () => client.endAsync(true) };
};
