import { connectAsync, type MqttClient } from 'mqtt';
import type { Identity } from '../../src/certificate/certificate-authority.ts';

export type MqttClientParts = {
  readonly port: number;
  readonly rootCa: string;
  readonly identity: Identity;
};

/** A client of MQTT 5 over mutual TLS at a broker of this machine, beside the stations. */
export const connectMqtt = async (
  { port, rootCa, identity }: MqttClientParts,
  options: { readonly clientId: string; readonly reconnectPeriod: number },
): Promise<MqttClient> => {
  const client = await connectAsync({
    ...{ protocol: 'mqtts', host: '127.0.0.1', port, protocolVersion: 5 },
    ...{ ca: rootCa, cert: identity.certificate, key: identity.privateKey },
    ...options,
  });
  client.on('error', () => undefined);
  return client;
};
