import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../config/fields.ts';
import type { GatewayConfig } from '../config/schema.ts';
import type { Log } from '../log.ts';
import type { Clock } from '../time/clock.ts';

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

/** The page takes nothing from elsewhere, runs no inline script, and is framed by nobody. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

const presented = (authorization: string): string | undefined => {
  const [, scheme = '', credentials = ''] = /^(\S{1,16}) +(\S{1,1024})$/.exec(authorization) ?? [];
  if (scheme.toLowerCase() === 'bearer') return credentials;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
};

/**
 * Judges the Authorization header of a request. A scraper presents the token as Bearer; a browser asks for it itself
 * and sends it as the password of Basic, with any user name, for the page and its event stream alike.
 */
export const createAuthorization = (token: string | undefined): ((header: string | undefined) => boolean) => {
  if (token === undefined) return () => true;
  const expected = digest(token);
  // Digests are of one length whatever was presented, so the comparison takes the same time.
  return (header) => timingSafeEqual(digest(presented(header ?? '') ?? ''), expected);
};

const WINDOW_MS = 60_000;
const MAX_IN_WINDOW = 10;
const MAX_ADDRESSES = 1_000;

type Window = { readonly startMs: number; readonly count: number };

/** Wrong tokens by address: the first of a minute is logged, and after ten of them the address has to wait. */
export class WrongTokens {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** One more wrong token; returns how long the address has to wait, s, or 0. */
  note(address: string): number {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#windows.get(address);
    const isOver = known === undefined || nowMs - known.startMs >= WINDOW_MS;
    const window = isOver ? { startMs: nowMs, count: 1 } : { startMs: known.startMs, count: known.count + 1 };
    if (window.count === 1) this.#log.warn({ address }, 'a wrong token was presented to the dashboard');
    if (window.count === MAX_IN_WINDOW + 1)
      this.#log.warn({ address }, 'many wrong tokens: this address has to wait');
    this.#windows.delete(address);
    this.#windows.set(address, window);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > MAX_ADDRESSES && oldest !== undefined) this.#windows.delete(oldest);
    return window.count > MAX_IN_WINDOW ? Math.ceil((window.startMs + WINDOW_MS - nowMs) / 1_000) : 0;
  }
}

const hostOf = ({ headers }: FastifyRequest): string => {
  const url = `http://${headers.host ?? ''}`;
  return URL.canParse(url) ? new URL(url).hostname : '';
};

const hasBody = ({ headers }: FastifyRequest): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

export const refuse = (reply: FastifyReply, code: number, error: string): FastifyReply =>
  // What a refused client sends next is of no interest.
  reply.code(code).header('connection', 'close').send({ error });

const refuseUnauthorized = (
  { headers, raw }: FastifyRequest,
  reply: FastifyReply,
  wrongTokens: WrongTokens,
): void => {
  const isWrong = headers.authorization !== undefined;
  const waitSeconds = isWrong ? wrongTokens.note(raw.socket.remoteAddress ?? '') : 0;
  if (waitSeconds > 0) {
    refuse(reply.header('retry-after', waitSeconds), 429, 'too many wrong tokens');
    return;
  }
  const error = isWrong ? 'the token is wrong' : 'the token is missing';
  refuse(reply.header('www-authenticate', 'Basic realm="weather-gateway"'), 401, error);
};

/** Who may ask, for what address, and by which methods: before any route is looked at. */
export const guard = (
  app: FastifyInstance,
  { listen, token }: GatewayConfig['http'],
  places: ConnectionPlaces,
  wrongTokens: WrongTokens,
): void => {
  const isAuthorized = createAuthorization(token);
  app.addHook('onRequest', (request, reply, next) => {
    reply.headers({ ...securityHeaders, 'cache-control': 'no-store' });
    if (hasBody(request)) refuse(reply, 413, 'a request has no body here');
    // A foreign page whose name was made to point here must not read what only this machine may see.
    else if (token === undefined && isLoopback(listen) && !isLoopback(hostOf(request)))
      refuse(reply, 421, 'this address is not served here');
    else if (isAuthorized(request.headers.authorization)) {
      places.noteAuthorized(request.raw.socket);
      next();
    } else refuseUnauthorized(request, reply, wrongTokens);
  });
  app.setNotFoundHandler((request, reply) =>
    ['GET', 'HEAD'].includes(request.method)
      ? reply.code(404).send({ error: 'no such page' })
      : refuse(reply.header('allow', 'GET, HEAD'), 405, 'read only'),
  );
};
