import { once } from 'node:events';
import { createServer, type TLSSocket } from 'node:tls';
import { type IConnectPacket, type IPublishPacket, type Packet, parser, writeToStream } from 'mqtt-packet';
import type { Identity } from '../certificate/certificate-authority.ts';

export type BrokerMessage = {
  readonly clientId: string;
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  /** Sent before, as far as the client knows. */
  readonly isDuplicate: boolean;
};

/** CONNACK: its reason code (MQTT 5, table 3-1), and the largest packet the client may send. */
export type Acceptance = { readonly reasonCode: number; readonly maximumPacketSize?: number };

/**
 * `reasonCode` goes out as PUBACK (MQTT 5, table 3-4), `disconnect` as DISCONNECT;
 * `silence` answers nothing, `drop` cuts the connection.
 */
export type BrokerAnswer =
  | { readonly reasonCode: number }
  | { readonly disconnect: number }
  | 'silence'
  | 'drop';

type SessionParts = {
  readonly accept: (clientId: string) => Acceptance;
  readonly deliver: (message: BrokerMessage) => BrokerAnswer;
};

/** DISCONNECT that asks for the will all the same (MQTT 5, 3.14.2.1). */
const DISCONNECT_WITH_WILL = 0x04;

/** One connection of one client; a session ends with its connection. */
class BrokerSession {
  readonly #socket: TLSSocket;
  readonly #parts: SessionParts;
  #clientId = '';
  #will: IConnectPacket['will'];

  constructor(socket: TLSSocket, parts: SessionParts) {
    this.#socket = socket;
    this.#parts = parts;
    const incoming = parser();
    incoming.on('packet', (packet) => this.#take(packet));
    incoming.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      incoming.parse(bytes);
    });
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#publishWill());
  }

  #send(packet: Packet): void {
    if (this.#socket.writable) writeToStream(packet, this.#socket, { protocolVersion: 5 });
  }

  #take(packet: Packet): void {
    if (packet.cmd === 'connect') this.#connect(packet);
    else if (packet.cmd === 'publish') this.#publish(packet);
    else if (packet.cmd === 'pingreq') this.#send({ cmd: 'pingresp' });
    else if (packet.cmd === 'subscribe') {
      const { messageId = 0, subscriptions } = packet;
      this.#send({ cmd: 'suback', messageId, granted: subscriptions.map(() => 1) });
    } else if (packet.cmd === 'disconnect') {
      if (packet.reasonCode !== DISCONNECT_WITH_WILL) this.#will = undefined;
      this.#socket.end();
    } else this.#socket.destroy();
  }

  #connect(packet: IConnectPacket): void {
    const { reasonCode, maximumPacketSize } = this.#parts.accept(packet.clientId);
    this.#send({
      cmd: 'connack',
      reasonCode,
      sessionPresent: false,
      ...(maximumPacketSize === undefined ? {} : { properties: { maximumPacketSize } }),
    });
    if (reasonCode !== 0) {
      this.#socket.end();
      return;
    }
    this.#clientId = packet.clientId;
    this.#will = packet.will;
  }

  #publish(packet: IPublishPacket): void {
    const answer = this.#parts.deliver({
      clientId: this.#clientId,
      topic: packet.topic,
      payload: packet.payload.toString(),
      retain: packet.retain,
      isDuplicate: packet.dup,
    });
    if (answer === 'drop') this.#socket.destroy();
    if (typeof answer === 'string') return;
    if ('disconnect' in answer) {
      this.#send({ cmd: 'disconnect', reasonCode: answer.disconnect });
      this.#socket.end();
    } else if (packet.qos === 1 && packet.messageId !== undefined) {
      this.#send({ cmd: 'puback', messageId: packet.messageId, reasonCode: answer.reasonCode });
    }
  }

  #publishWill(): void {
    const will = this.#will;
    this.#will = undefined;
    if (!will) return;
    this.#parts.deliver({
      clientId: this.#clientId,
      topic: will.topic,
      payload: will.payload.toString(),
      retain: will.retain ?? false,
      isDuplicate: false,
    });
  }
}

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
