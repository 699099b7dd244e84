import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { HistorySeries } from '../../src/history/series.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import {
  type HttpServer,
  type HttpServerParts,
  openHttpServer,
  type PageFile,
} from '../../src/http/server.ts';
import { systemClock } from '../../src/time/clock.ts';
import { createManualClock } from '../fakes/clock.ts';
import { emptyColumns } from '../fakes/empty-columns.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';
import { createRecordingLog } from '../fakes/log.ts';

const page: PageFile = {
  path: '/',
  contentType: 'text/html; charset=utf-8',
  body: Buffer.from('<!doctype html>'),
  etag: '"1"',
};

const emptySeries = (minutes: number): HistorySeries => ({
  minutes,
  rowSeconds: 12,
  hasEarlier: false,
  time: [],
  values: emptyColumns,
  flags: [],
});

let server: HttpServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

const open = async (changes: Partial<HttpServerParts> = {}) => {
  const log = createRecordingLog();
  server = await openHttpServer({
    config: { listen: '127.0.0.1', port: 0 },
    clock: systemClock,
    log,
    pageFiles: [page],
    status: createGatewayStatus,
    health: () => ({ isHealthy: true, reason: null }),
    history: { query: (minutes) => Promise.resolve(emptySeries(minutes)) },
    metrics: createMetrics(createGatewayStatus),
    ...changes,
  });
  const { url } = server;
  return { url, log, get: (path: string, init?: RequestInit) => fetch(`${url}${path}`, init) };
};

/** What comes back until the server hangs up. */
const sendRaw = async (url: string, bytes: string): Promise<string> => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(bytes);
  return await text(socket).catch(() => '');
};

describe('the HTTP server', () => {
  it('serves the page, and not again to who has it', async () => {
    const { get } = await open();
    const first = await get('/');

    expect(first.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await first.text()).toBe('<!doctype html>');
    expect((await get('/', { headers: { 'if-none-match': '"1"' } })).status).toBe(304);
  });

  it('serves the status as JSON', async () => {
    const { get } = await open();
    expect(await (await get('/api/status')).json()).toEqual(createGatewayStatus());
  });

  it('serves an hour of history unless another span is asked for', async () => {
    const { get } = await open();
    expect(await (await get('/api/readings')).json()).toMatchObject({ minutes: 60 });
    expect(await (await get('/api/readings?minutes=10080')).json()).toMatchObject({ minutes: 10_080 });
  });

  it.each(['0', '-1', '1.5', 'x', '', '1e3', '9999999', '60&minutes=60', '%00'])(
    'refuses minutes=%s with a sentence',
    async (minutes) => {
      const { get } = await open();
      const response = await get(`/api/readings?minutes=${minutes}`);

      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({ error: 'minutes: a whole number from 1 to 1052640' });
    },
  );

  it('computes only a few charts at once', async () => {
    const waiting: (() => void)[] = [];
    const { get } = await open({
      history: {
        query: (minutes) => new Promise((resolve) => waiting.push(() => resolve(emptySeries(minutes)))),
      },
    });

    const responses = Array.from({ length: 4 }, () => get('/api/readings'));
    await expect.poll(() => waiting.length).toBe(4);
    const refused = await get('/api/readings');
    for (const answer of waiting) answer();

    expect(refused.status).toBe(503);
    expect((await Promise.all(responses)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  });

  it('says unhealthy with a reason, and 503', async () => {
    const health = { isHealthy: false, reason: 'no sample was taken in time' };
    const { get } = await open({ health: () => health });
    const response = await get('/healthz');

    expect(response.status).toBe(503);
    expect(await response.json()).toEqual(health);
  });

  it('serves the metrics', async () => {
    const { get } = await open();
    const response = await get('/metrics');

    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('weather_gateway_info');
  });

  it('sends the status at once and again, as events', async () => {
    const { get } = await open();
    const response = await get('/api/events');
    expect(response.headers.get('content-type')).toBe('text/event-stream');

    let received = '';
    for await (const chunk of response.body ?? []) {
      received += Buffer.from(chunk).toString();
      if (received.split('event: status').length > 2) break;
    }
    const [data = ''] = /(?<=^data: ).*$/m.exec(received) ?? [];
    expect(JSON.parse(data)).toEqual(createGatewayStatus());
  });

  it('sends viewers away beyond a dozen, and all of them when it closes', async () => {
    const { get } = await open();
    const viewers = await Promise.all(Array.from({ length: 12 }, () => get('/api/events')));

    const refused = await get('/api/events');
    await server?.close();

    expect(refused.status).toBe(503);
    const ends = await Promise.all(viewers.map((viewer) => viewer.text().then(() => 'ended')));
    expect(new Set(ends)).toEqual(new Set(['ended']));
  });

  it('puts the security headers on everything, refusals and events included', async () => {
    const { get } = await open();
    for (const path of ['/', '/api/status', '/api/events', '/nowhere']) {
      const { headers, body } = await get(path);
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'/);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      await body?.cancel();
    }
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    'answers 405 to %s',
    async (method) => {
      const { url } = await open();
      const answer = await sendRaw(
        url,
        `${method} /api/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 (405|404|400)/);
    },
  );

  it.each([
    '/nowhere',
    '/..%2f..%2fetc%2fpasswd',
    '//etc/passwd',
    '/page.js/../../package.json',
    '/%00',
    '/%',
  ])('finds nothing at %s', async (path) => {
    const { url } = await open();
    const answer = await sendRaw(url, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[04]/);
    expect(answer).not.toContain('root:');
  });

  it('takes no body', async () => {
    const { url } = await open();
    const head = 'GET /api/status HTTP/1.1\r\nHost: localhost\r\n';

    expect(await sendRaw(url, `${head}Content-Length: 5\r\n\r\nhello`)).toMatch(/^HTTP\/1\.1 413/);
    expect(await sendRaw(url, `${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 413/,
    );
  });

  it('takes no head beyond 8 KB', async () => {
    const { url } = await open();
    const answer = await sendRaw(url, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(9_000)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431/);
  });

  it('answers 500 and logs when a source fails', async () => {
    const { get, log } = await open({ history: { query: () => Promise.reject(new Error('bad block')) } });

    expect((await get('/api/readings')).status).toBe(500);
    expect(log.lines('error')).toMatchObject([{ message: 'a request failed' }]);
  });
});

describe('the HTTP server among callers that do harm', () => {
  it('answers although 80 silent connections are open', async () => {
    const { url, get } = await open();
    const silent = Array.from({ length: 80 }, () => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      return socket;
    });
    await Promise.all(silent.map((socket) => once(socket, 'connect')));

    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/api/status')).status).toBe(200);
    for (const socket of silent) socket.destroy();
  });

  it('gives a place to a viewer after a minute although twelve that read nothing hold them all', async () => {
    const clock = createManualClock({ isAutomatic: false });
    const { url, get } = await open({ clock });
    const silent = Array.from({ length: 12 }, () => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write('GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
      return socket.pause();
    });
    await vi.waitFor(async () => {
      const response = await get('/api/events');
      await response.body?.cancel();
      expect(response.status).toBe(503);
    }, 60_000);
    expect((await get('/api/status')).status).toBe(200);

    await clock.advance(60_000);
    const response = await get('/api/events');
    await response.body?.cancel();
    expect(response.status).toBe(200);
    for (const socket of silent) socket.destroy();
  });

  it('makes a caller wait that guesses tokens, says so once, and goes on serving the right token', async () => {
    const { url, log } = await open({ config: { listen: '127.0.0.1', port: 0, token: '0123456789abcdef' } });
    const ask = (token: string) =>
      fetch(`${url}/api/status`, { headers: { authorization: `Bearer ${token}` } });

    const statuses = [];
    for (let guess = 0; guess < 12; guess += 1) statuses.push((await ask(`guess-${guess}`)).status);

    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    expect((await ask('0123456789abcdef')).status).toBe(200);
    expect(log.lines('warn')).toEqual([
      { address: '127.0.0.1', message: 'a wrong token was presented to the dashboard' },
      { address: '127.0.0.1', message: 'many wrong tokens: this address has to wait' },
    ]);
  });
});

describe('who may ask the HTTP server', () => {
  it('on loopback: whoever asks for this machine by one of its own names', async () => {
    const { url } = await open();
    const ask = (host: string) =>
      sendRaw(url, `GET /api/status HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);

    for (const host of ['localhost:8080', '127.0.0.1', '[::1]:8080'])
      expect(await ask(host)).toMatch(/^HTTP\/1\.1 200/);
    for (const host of ['evil.example', '127.0.0.1.evil.example', '192.168.1.4', '@', '[', ''])
      expect(await ask(host)).toMatch(/^HTTP\/1\.1 4(21|00)/);
  });

  it('beyond loopback: only who has the token, over a warning', async () => {
    const { url, log } = await open({ config: { listen: '0.0.0.0', port: 0, token: '0123456789abcdef' } });
    const local = `http://127.0.0.1:${new URL(url).port}`;

    const refused = await fetch(`${local}/api/status`);
    const served = await fetch(`${local}/api/status`, {
      headers: { authorization: 'Bearer 0123456789abcdef' },
    });

    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBe('Basic realm="weather-gateway"');
    expect(served.status).toBe(200);
    expect(log.lines('warn')).toMatchObject([{ message: expect.stringContaining('open to the network') }]);
  });

  it('beyond loopback without a token: nobody, it does not open', async () => {
    await expect(open({ config: { listen: '0.0.0.0', port: 0 } })).rejects.toThrow('http.token must be set');
  });
});
