import type { TLSSocket } from 'node:tls';
import { type IConnectPacket, type IPublishPacket, type Packet, parser, writeToStream } from 'mqtt-packet';

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

export type SessionParts = {
  readonly accept: (clientId: string) => Acceptance;
  readonly deliver: (message: BrokerMessage) => BrokerAnswer;
};

/** DISCONNECT that asks for the will all the same (MQTT 5, 3.14.2.1). */
const DISCONNECT_WITH_WILL = 0x04;

/** One connection of one client; a session ends with its connection. */
export class BrokerSession {
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
    else if (packet.cmd === 'disconnect') {
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
