import { once } from 'node:events';
import { createServer, type TLSSocket } from 'node:tls';
import { connectAsync, type MqttClient } from 'mqtt';
import { generate, type IPublishPacket, type Packet, parser, writeToStream } from 'mqtt-packet';
import type { Identity } from '../../src/certificate/certificate-authority.ts';

export type HostileBroker = { readonly port: number; sessions(): number; close(): Promise<void> };

const mqtt5 = { protocolVersion: 5 };
/** CONNECT announces 65,536. */
const LARGE_BYTES = 60_000;

const publish = (parts: Partial<IPublishPacket>): Buffer =>
  generate(
    { cmd: 'publish', topic: 'flood', payload: 'x'.repeat(100), qos: 0, dup: false, retain: false, ...parts },
    mqtt5,
  );

const many = (count: number, packet: (index: number) => Buffer): Buffer =>
  Buffer.concat(Array.from({ length: count }, (_, index) => packet(index)));

/** A PUBLISH that says it has 268,435,455 bytes, the most that MQTT can say. */
const endless = Buffer.concat([
  Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0x00, 0x01, 0x61, 0x00]),
  Buffer.alloc(60_000),
]);

/** What comes after CONNACK: at first, and again and again as fast as it is taken; `null` ends the connection. */
type Flood = { readonly first: Buffer; readonly rest: Buffer | null };
const repeated = (rest: Buffer): Flood => ({ first: rest, rest });

const userProperties = Object.fromEntries(
  Array.from({ length: 4_000 }, (_, index) => [`name${index}`, 'value']),
);

export const floods = {
  'short messages': repeated(many(500, () => publish({}))),
  'retained messages that are acknowledged': repeated(
    many(500, (index) => publish({ qos: 1, messageId: index + 1, retain: true })),
  ),
  'large messages': repeated(many(4, () => publish({ payload: 'x'.repeat(LARGE_BYTES) }))),
  'messages of properties': repeated(many(4, () => publish({ properties: { userProperties } }))),
  'one endless message': { first: endless, rest: Buffer.alloc(60_000) },
  'acknowledgements of nothing': repeated(
    many(2_000, (index) => generate({ cmd: 'puback', messageId: index + 1, reasonCode: 0 }, mqtt5)),
  ),
  'answers to no ping': repeated(many(5_000, () => generate({ cmd: 'pingresp' }, mqtt5))),
  'a long farewell': {
    first: generate(
      { cmd: 'disconnect', reasonCode: 0x8b, properties: { reasonString: 'x'.repeat(LARGE_BYTES) } },
      mqtt5,
    ),
    rest: null,
  },
  'nothing that is MQTT': repeated(Buffer.alloc(60_000, 0xff)),
} as const satisfies Readonly<Record<string, Flood>>;

export type FloodKind = keyof typeof floods;

/** Accepts everybody, acknowledges nothing, and sends what nobody asked for. */
export const startFloodingBroker = async (
  server: Identity,
  clientAuthority: string,
  kind: FloodKind = 'short messages',
): Promise<HostileBroker> => {
  const sockets = new Set<TLSSocket>();
  let sessions = 0;
  const flood = (socket: TLSSocket, chunk: Buffer): void => {
    while (!socket.destroyed && socket.write(chunk));
    if (!socket.destroyed) socket.once('drain', () => flood(socket, chunk));
  };
  const attack = (socket: TLSSocket): void => {
    const { first, rest } = floods[kind];
    const connack: Packet = { cmd: 'connack', reasonCode: 0, sessionPresent: false };
    sessions += 1;
    writeToStream(connack, socket, mqtt5);
    socket.write(first);
    if (rest === null) socket.end();
    else flood(socket, rest);
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
      incoming.once('packet', () => attack(socket));
    },
  ).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return {
    port: address.port,
    sessions: () => sessions,
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
