import { connectAsync } from 'mqtt';
import type { Identity } from '../../src/certificate/certificate-authority.ts';

export type Subscriber = { close(): Promise<void> };

export type SubscriberParts = {
  readonly port: number;
  readonly rootCa: string;
  readonly identity: Identity;
  readonly onMessage: (topic: string, payload: string) => void;
  /** What the broker kept from before. */
  readonly onRetained?: (topic: string, payload: string) => void;
};

/** Listens to everything the stations publish; resolves once the broker has taken the subscription. */
export const subscribe = async (parts: SubscriberParts): Promise<Subscriber> => {
  const client = await connectAsync({
    protocol: 'mqtts',
    host: '127.0.0.1',
    port: parts.port,
    protocolVersion: 5,
    ca: parts.rootCa,
    cert: parts.identity.certificate,
    key: parts.identity.privateKey,
    reconnectPeriod: 0,
    clientId: `subscriber-${process.pid}-${parts.port}`,
  });
  client.on('error', () => undefined);
  client.on('message', (topic, payload, packet) => {
    if (packet.retain) parts.onRetained?.(topic, payload.toString());
    else parts.onMessage(topic, payload.toString());
  });
  await client.subscribeAsync('weather/#', { qos: 0 });
  return { close: () => client.endAsync(true) };
};
