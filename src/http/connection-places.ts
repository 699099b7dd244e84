import type { Socket } from 'node:net';
import { isLoopback } from '../config/loopback.ts';

/** Connections at once, of this machine and of all others: one side never takes the places of the other. */
const PLACES = { own: 32, other: 64 } as const;

type Side = keyof typeof PLACES;

const IPV4_IN_IPV6 = /^::ffff:/i;

const sideOf = ({ remoteAddress = '' }: Socket): Side =>
  isLoopback(remoteAddress.replace(IPV4_IN_IPV6, '')) ? 'own' : 'other';

/**
 * Who may be connected. When all places are taken, the connection that has been there longest without an authorised
 * request makes way: sockets that say nothing, or the wrong thing, lock nobody out.
 */
export class ConnectionPlaces {
  /** In the order in which they came. */
  readonly #sockets: Readonly<Record<Side, Set<Socket>>> = { own: new Set(), other: new Set() };
  readonly #authorized = new WeakSet<Socket>();

  /** A connection came in; it is closed at once when only authorised ones are there. */
  admit(socket: Socket): void {
    const side = sideOf(socket);
    const sockets = this.#sockets[side];
    if (sockets.size >= PLACES[side] && !this.#makeWay(sockets)) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  }

  /** The connection has made a request that is allowed. */
  noteAuthorized(socket: Socket): void {
    this.#authorized.add(socket);
  }

  #makeWay(sockets: Set<Socket>): boolean {
    for (const socket of sockets) {
      if (this.#authorized.has(socket)) continue;
      sockets.delete(socket);
      socket.destroy();
      return true;
    }
    return false;
  }
}
