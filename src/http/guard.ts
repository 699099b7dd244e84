import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../config/loopback.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { createAuthorization } from './authorization.ts';
import type { ConnectionPlaces } from './connection-places.ts';
import { securityHeaders } from './security-headers.ts';
import type { WrongTokens } from './wrong-tokens.ts';

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
