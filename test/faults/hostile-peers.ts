import { once } from 'node:events';
import { createServer, type TLSSocket } from 'node:tls';
import { connectAsync, type MqttClient } from 'mqtt';
import { generate, parser, writeToStream } from 'mqtt-packet';
import type { Identity } from '../../src/certificate/certificate-authority.ts';

export type HostileBroker = { readonly port: number; close(): Promise<void> };

/** Accepts everybody, acknowledges nothing, and sends messages as fast as they are taken. */
export const startFloodingBroker = async (
  server: Identity,
  clientAuthority: string,
): Promise<HostileBroker> => {
  const sockets = new Set<TLSSocket>();
  const message = generate(
    { cmd: 'publish', topic: 'flood', payload: 'x'.repeat(100), qos: 0, dup: false, retain: false },
    { protocolVersion: 5 },
  );
  const chunk = Buffer.concat(Array.from({ length: 500 }, () => message));
  const flood = (socket: TLSSocket): void => {
    while (!socket.destroyed && socket.write(chunk));
    if (!socket.destroyed) socket.once('drain', () => flood(socket));
  };
  const listening = createServer(
    { key: server.privateKey, cert: server.certificate, ca: clientAuthority, requestCert: true },
    (socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => sockets.delete(socket));
      const incoming = parser();
      incoming.on('error', () => socket.destroy());
      socket.on('data', (bytes) => incoming.parse(bytes));
      incoming.once('packet', () => {
        writeToStream({ cmd: 'connack', reasonCode: 0, sessionPresent: false }, socket, {
          protocolVersion: 5,
        });
        flood(socket);
      });
    },
  ).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return {
    port: address.port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      listening.close();
      await once(listening, 'close');
    },
  };
};

export type Rival = { stop(): Promise<void> };

/** Another client with a station's id, which comes back whenever the broker has ended its session. */
export const startRival = async (
  port: number,
  {
    clientId,
    identity,
    rootCa,
  }: { readonly clientId: string; readonly identity: Identity; readonly rootCa: string },
): Promise<Rival> => {
  const client: MqttClient = await connectAsync({
    protocol: 'mqtts',
    protocolVersion: 5,
    host: 'localhost',
    port,
    clientId,
    cert: identity.certificate,
    key: identity.privateKey,
    ca: rootCa,
    reconnectPeriod: 200,
  });
  client.on('error', () => undefined);
  return { stop: () => client.endAsync(true) };
};
