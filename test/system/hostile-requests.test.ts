import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type SimulatedDaemon, startSimulatedDaemon } from './simulated-daemon.ts';

const statusAnswer = z.object({
  latest: z.object({ seq: z.number() }).nullable(),
  unstored: z.number(),
  suspectedMissedPulses: z.number(),
  health: z.object({ isHealthy: z.boolean() }),
});

describe('a station under hostile requests', () => {
  let daemon: SimulatedDaemon;
  let port: number;

  beforeAll(async () => {
    daemon = await startSimulatedDaemon({ pastDays: 1 });
    port = Number(new URL(daemon.url).port);
    while (((await status()).latest?.seq ?? 0) < 2) await delay(200);
  });
  afterAll(async () => {
    expect(await daemon.dispose()).toBe(0);
  });

  const status = async () => statusAnswer.parse(await (await fetch(`${daemon.url}/api/status`)).json());

  const open = (): Socket => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    return socket;
  };

  const send = async (bytes: string): Promise<string> => {
    const socket = open();
    socket.write(bytes);
    return await text(socket).catch(() => '');
  };

  /** The reporting interval is a second, so each second must leave a reading. */
  const losesNothingDuring = async (attack: () => Promise<unknown>): Promise<void> => {
    const before = await status();
    const startMs = performance.now();
    await attack();
    await delay(2_000);
    const seconds = (performance.now() - startMs) / 1000;
    const after = await status();
    const taken = (after.latest?.seq ?? 0) - (before.latest?.seq ?? 0);
    // A machine that is busy with other things as well may make a reading late, and one at each end falls outside.
    expect(taken).toBeGreaterThanOrEqual(Math.floor(seconds * 0.8) - 2);
    expect(after).toMatchObject({ unstored: 0, health: { isHealthy: true } });
  };

  it('takes no oversized heads, lines or bodies', async () => {
    await losesNothingDuring(async () => {
      const head = 'GET / HTTP/1.1\r\nHost: localhost\r\n';
      expect(await send(`${head}X: ${'x'.repeat(100_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431|^$/);
      expect(await send(`GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1\.1 4|^$/);
      expect(await send(`${head}Content-Length: 99999999\r\n\r\n${'x'.repeat(100_000)}`)).toMatch(
        /^HTTP\/1\.1 413|^$/,
      );
      expect(await send('\u0000\u0001\u0002\r\n\r\n')).toMatch(/^HTTP\/1\.1 400|^$/);
    });
  });

  it('hangs up on who sends a head byte by byte', async () => {
    await losesNothingDuring(async () => {
      const sockets = Array.from({ length: 20 }, open);
      const drip = async (socket: Socket): Promise<void> => {
        socket.resume();
        const closed = once(socket, 'close');
        for (const character of 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: yes and on and on it goes') {
          if (socket.destroyed) break;
          socket.write(character);
          await delay(250);
        }
        await closed;
      };
      await Promise.all(sockets.map(drip));
    });
  });

  it('gives nothing to path tricks and wrong methods', async () => {
    await losesNothingDuring(async () => {
      for (const path of [
        '/../../etc/passwd',
        '/%2e%2e/%2e%2e/etc/passwd',
        '/page.js%00.html',
        '/.git/config',
      ])
        expect(await send(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)).toMatch(
          /^HTTP\/1\.1 40[04] /,
        );
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
        expect(
          await send(`${method} /api/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
        ).toMatch(/^HTTP\/1\.1 405 /);
    });
  });

  it('outlasts hundreds of idle connections, and answers again once they are gone', async () => {
    await losesNothingDuring(async () => {
      const sockets = Array.from({ length: 300 }, open);
      await Promise.all(sockets.map((socket) => once(socket.resume(), 'close')));
    });
  });

  it('measures on while everybody asks for the most expensive charts', async () => {
    await losesNothingDuring(async () => {
      const untilMs = performance.now() + 5_000;
      const ask = async (): Promise<void> => {
        while (performance.now() < untilMs) {
          const response = await fetch(`${daemon.url}/api/readings?minutes=1440`).catch(() => null);
          await response?.arrayBuffer().catch(() => null);
        }
      };
      await Promise.all(Array.from({ length: 40 }, ask));
    });
  });
});
