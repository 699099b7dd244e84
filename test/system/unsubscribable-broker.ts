import { once } from 'node:events';
import { createServer, type TLSSocket } from 'node:tls';
import { type Packet, parser, writeToStream } from 'mqtt-packet';
import type { Identity } from '../../src/certificate/certificate-authority.ts';

const mqtt5 = { protocolVersion: 5 } as const;

export type UnsubscribableBroker = {
  readonly port: number;
  /** Sequence numbers of the readings it acknowledged. */
  readonly seqs: number[];
  sessions(): number;
  subscribes(): number;
  close(): Promise<void>;
};

/** Acknowledges what is published, and hangs up on whoever subscribes, as a policy may have a broker do. */
export const startUnsubscribableBroker = async (
  server: Identity,
  clientAuthority: string,
): Promise<UnsubscribableBroker> => {
  const sockets = new Set<TLSSocket>();
  const seqs: number[] = [];
  let sessions = 0;
  let subscribes = 0;
  const answer = (packet: Packet, socket: TLSSocket): void => {
    if (packet.cmd === 'connect') {
      sessions += 1;
      writeToStream({ cmd: 'connack', reasonCode: 0, sessionPresent: false }, socket, mqtt5);
    } else if (packet.cmd === 'publish') {
      const content = JSON.parse(packet.payload.toString());
      if (packet.topic.endsWith('/reading')) seqs.push(content.seq);
      if (packet.topic.endsWith('/backlog'))
        seqs.push(...content.readings.map(({ seq }: { seq: number }) => seq));
      writeToStream({ cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode: 0 }, socket, mqtt5);
    } else if (packet.cmd === 'subscribe') {
      subscribes += 1;
      socket.destroy();
    } else if (packet.cmd === 'pingreq') writeToStream({ cmd: 'pingresp' }, socket, mqtt5);
  };
  const listening = createServer(
    { key: server.privateKey, cert: server.certificate, ca: clientAuthority, requestCert: true },
    (socket) => {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      const incoming = parser(mqtt5);
      incoming.on('error', () => socket.destroy());
      incoming.on('packet', (packet) => answer(packet, socket));
      socket.on('data', (bytes) => incoming.parse(bytes));
    },
  ).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP port');
  return {
    port: address.port,
    seqs,
    sessions: () => sessions,
    subscribes: () => subscribes,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      listening.close();
      await once(listening, 'close');
    },
  };
};
