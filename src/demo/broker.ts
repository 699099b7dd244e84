import { once } from 'node:events';
import { createServer, type TLSSocket } from 'node:tls';
import type { Identity } from '../certificate/certificate-authority.ts';
import { type Acceptance, type BrokerAnswer, type BrokerMessage, BrokerSession } from './broker-session.ts';

export type BrokerParts = {
  readonly server: Identity;
  /** PEM of the authority whose clients are let in. */
  readonly clientAuthority: string;
  /** What a client is told to its CONNECT; accepted when absent. */
  readonly onConnect?: (clientId: string) => Acceptance;
  /** What a publish is answered; acknowledged when absent. The broker keeps nothing but retained messages. */
  readonly onPublish?: (message: BrokerMessage) => BrokerAnswer;
};

export type Broker = {
  readonly port: number;
  /** The payload retained under a topic. */
  retained(topic: string): string | undefined;
  sessions(): number;
  /** Takes the network away: connections break, new ones are refused. */
  cut(): Promise<void>;
  /** Brings the network back, on the same port. */
  restore(): Promise<void>;
  close(): Promise<void>;
};

const acceptAll = (): Acceptance => ({ reasonCode: 0 });
const acknowledgeAll = (): BrokerAnswer => ({ reasonCode: 0 });

/**
 * A small MQTT 5 broker over mutual TLS on the loopback interface: enough for one gateway in the demo,
 * and able to answer in the ways that real brokers seldom do, for the tests.
 */
export const startBroker = async (parts: BrokerParts): Promise<Broker> => {
  const { server: identity, clientAuthority } = parts;
  const retained = new Map<string, string>();
  const sockets = new Set<TLSSocket>();
  const deliver = (message: BrokerMessage): BrokerAnswer => {
    if (message.retain) retained.set(message.topic, message.payload);
    return (parts.onPublish ?? acknowledgeAll)(message);
  };
  const server = createServer(
    {
      key: identity.privateKey,
      cert: identity.certificate,
      ca: clientAuthority,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      new BrokerSession(socket, { accept: parts.onConnect ?? acceptAll, deliver });
    },
  );
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the broker has no TCP port');
    return address.port;
  };
  const cut = async (): Promise<void> => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  const port = await listen(0);
  return {
    port,
    retained: (topic) => retained.get(topic),
    sessions: () => sockets.size,
    cut,
    restore: async () => {
      if (!server.listening) await listen(port);
    },
    close: cut,
  };
};
