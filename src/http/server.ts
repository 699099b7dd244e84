import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type FastifyInstance, fastify } from 'fastify';
import { z } from 'zod';
import { isLoopback } from '../config/fields.ts';
import type { GatewayConfig } from '../config/schema.ts';
import { HISTORY_MAX_MINUTES, type History } from '../history/history.ts';
import type { Log } from '../log.ts';
import type { Health } from '../measuring/progress.ts';
import type { GatewayStatus } from '../status/status.ts';
import type { Clock } from '../time/clock.ts';
import { type Loop, pause } from '../time/loops.ts';
import { formatError } from '../weather/format.ts';
import { EventFeed } from './event-feed.ts';
import { ConnectionPlaces, guard, refuse, securityHeaders, WrongTokens } from './guard.ts';
import type { Metrics } from './metrics.ts';

export type PageFile = {
  /** Where it is served. */
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
  readonly etag: string;
};

const files = [
  { name: 'index.html', path: '/', contentType: 'text/html; charset=utf-8' },
  { name: 'page.js', path: '/page.js', contentType: 'text/javascript; charset=utf-8' },
  { name: 'page.css', path: '/page.css', contentType: 'text/css; charset=utf-8' },
] as const;

/** Reads the built page once: no path of a request ever reaches the file system. */
export const loadPageFiles = (directory: URL): Promise<PageFile[]> =>
  Promise.all(
    files.map(async ({ name, path, contentType }) => {
      const body = await readFile(new URL(name, directory));
      return { path, contentType, body, etag: `"${createHash('sha256').update(body).digest('hex')}"` };
    }),
  );

export type HttpServerParts = {
  readonly config: GatewayConfig['http'];
  readonly clock: Clock;
  readonly log: Log;
  readonly pageFiles: readonly PageFile[];
  readonly status: () => GatewayStatus;
  readonly health: () => Health;
  readonly history: Pick<History, 'query'>;
  readonly metrics: Pick<Metrics, 'render'>;
};

export type HttpServer = {
  /** Where it listens, with the port it was given. */
  readonly url: string;
  /** Sends everybody away. */
  close(): Promise<void>;
};

/** Whoever may ask is a person, a scraper, or somebody who should not be able to keep the station from its work. */
const limits = {
  viewers: 12,
  /** Charts computed at once; one reads up to 36,000 readings from the disk. */
  queries: 4,
  headerBytes: 8 * 1024,
  /** For the whole head of a request to arrive. */
  requestMs: 5_000,
  idleMs: 10_000,
  /** For a whole answer to be taken; event streams have deadlines of their own. */
  answerMs: 60_000,
} as const;

const EVENT_PERIOD_MS = 2_000;

const readingsQuery = z.object({
  minutes: z
    .string()
    .regex(/^\d{1,7}$/)
    .default('60')
    .transform(Number)
    .pipe(z.number().min(1).max(HISTORY_MAX_MINUTES)),
});

const serveHistory = (app: FastifyInstance, history: HttpServerParts['history']): void => {
  let running = 0;
  app.get('/api/readings', async (request, reply) => {
    const query = readingsQuery.safeParse(request.query);
    if (!query.success)
      return reply.code(400).send({ error: `minutes: a whole number from 1 to ${HISTORY_MAX_MINUTES}` });
    if (running >= limits.queries)
      return reply.code(503).header('retry-after', '2').send({ error: 'busy: ask again' });
    running += 1;
    try {
      return await history.query(query.data.minutes);
    } finally {
      running -= 1;
    }
  });
};

const serveEvents = (app: FastifyInstance, feed: EventFeed): void => {
  app.get('/api/events', { exposeHeadRoute: false }, (_request, reply) => {
    if (!feed.hasPlace()) {
      reply.code(503).header('retry-after', '10').send({ error: 'too many viewers' });
      return;
    }
    reply.hijack();
    const headers = { ...securityHeaders, 'cache-control': 'no-store', 'content-type': 'text/event-stream' };
    reply.raw.writeHead(200, headers);
    feed.add(reply.raw);
  });
};

const servePage = (app: FastifyInstance, pageFiles: readonly PageFile[]): void => {
  for (const { path, contentType, body, etag } of pageFiles) {
    app.get(path, (request, reply) => {
      reply.headers({ etag, 'cache-control': 'no-cache', 'content-type': contentType });
      if (request.headers['if-none-match'] === etag) reply.code(304).send();
      else reply.send(body);
    });
  }
};

const serve = (app: FastifyInstance, parts: HttpServerParts): void => {
  app.get('/api/status', () => Promise.resolve(parts.status()));
  app.get('/healthz', (_request, reply) => {
    const health = parts.health();
    reply.code(health.isHealthy ? 200 : 503).send(health);
  });
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await parts.metrics.render();
    return reply.header('content-type', contentType).send(text);
  });
  serveHistory(app, parts.history);
  servePage(app, parts.pageFiles);
};

/** What the server library itself finds wrong with a request. */
const isRefusal = (error: unknown): error is Error & { readonly statusCode: number } =>
  error instanceof Error &&
  'statusCode' in error &&
  typeof error.statusCode === 'number' &&
  error.statusCode < 500;

const createApp = ({ log }: HttpServerParts): FastifyInstance => {
  const app = fastify({
    forceCloseConnections: true,
    bodyLimit: 1,
    requestTimeout: limits.requestMs,
    connectionTimeout: limits.idleMs,
    keepAliveTimeout: limits.idleMs,
    http: {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.requestMs,
      // The process wakes up for it whether anybody is connected or not.
      connectionsCheckingInterval: 5_000,
    },
  });
  // Whoever reads a byte now and then would otherwise hold a place for as long as it likes.
  app.addHook('onRequest', (request, reply, next) => {
    const timer = setTimeout(() => request.raw.destroy(), limits.answerMs);
    timer.unref();
    reply.raw.once('close', () => clearTimeout(timer));
    if (request.routeOptions.url === '/api/events') clearTimeout(timer);
    next();
  });
  app.setErrorHandler((error, _request, reply) => {
    if (isRefusal(error)) {
      refuse(reply, error.statusCode, error.message);
      return;
    }
    log.error({ err: error }, 'a request failed');
    refuse(reply, 500, 'this did not work; the log says why');
  });
  return app;
};

/**
 * The dashboard, read only. Rejects when the address cannot be listened on, or is not this machine's own and no token
 * is set; the station works without it.
 */
export const openHttpServer = async (parts: HttpServerParts): Promise<HttpServer> => {
  const { config, log, clock } = parts;
  if (!isLoopback(config.listen)) {
    if (config.token === undefined)
      throw new Error(`http.listen: ${config.listen} is not this machine alone, so http.token must be set`);
    log.warn({ listen: config.listen }, 'the dashboard is open to the network, its token in clear text');
  }
  const app = createApp(parts);
  const feed = new EventFeed({
    clock,
    snapshot: parts.status,
    periodMs: EVENT_PERIOD_MS,
    maxViewers: limits.viewers,
  });
  const places = new ConnectionPlaces();
  app.server.on('connection', (socket) => places.admit(socket));
  guard(app, config, places, new WrongTokens(clock, log));
  serve(app, parts);
  serveEvents(app, feed);
  const url = await app.listen({ host: config.listen, port: config.port });
  const stop = new AbortController();
  const feeding = feed.run(stop.signal);
  log.info({ url }, 'the dashboard is served');
  return {
    url,
    close: async () => {
      stop.abort();
      await feeding;
      await app.close();
    },
  };
};

const RETRY_MS = 30_000;

/** Serves the dashboard until the signal aborts. An address that cannot be had is tried again: the station measures on. */
export const serveDashboard =
  (parts: HttpServerParts & { readonly clock: Clock; readonly log: Log }): Loop =>
  async (signal) => {
    const { clock, log } = parts;
    let server: HttpServer | null = null;
    let told: string | null = null;
    while (server === null && !signal.aborted) {
      server = await openHttpServer(parts).catch((error: unknown) => {
        const reason = formatError(error);
        if (reason !== told) log.error({ reason }, 'the dashboard cannot be served');
        told = reason;
        return null;
      });
      if (server === null) await pause(clock, RETRY_MS, signal);
    }
    if (server === null) return;
    await untilAborted(signal);
    await server.close();
  };

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
