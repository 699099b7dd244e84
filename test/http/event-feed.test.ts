import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventFeed } from '../../src/http/event-feed.ts';
import { createManualClock } from '../fakes/clock.ts';

const LARGE = 'x'.repeat(2_000_000);

describe('the event feed', () => {
  const server = createServer();
  let viewers: IncomingMessage[];
  beforeEach(async () => {
    viewers = [];
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  /** A viewer that is connected and reads nothing. */
  const view = async (): Promise<ServerResponse> => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    const arriving = once(server, 'request');
    const request = get({ port: address.port, host: '127.0.0.1' }, (response) => {
      response.on('error', () => undefined);
      viewers.push(response.pause());
    });
    request.on('error', () => undefined);
    const [, response] = await arriving;
    response.writeHead(200);
    return response;
  };
  const open = (snapshot: unknown, maxViewers = 2) => {
    const clock = createManualClock();
    const feed = new EventFeed({ clock, snapshot: () => snapshot, periodMs: 2_000, maxViewers });
    const stop = new AbortController();
    const running = feed.run(stop.signal);
    const end = async (): Promise<void> => {
      stop.abort();
      await running;
    };
    return { clock, feed, end };
  };

  it('ends a viewer that takes nothing for ten seconds', async () => {
    const { clock, feed, end } = open(LARGE);
    const response = await view();
    feed.add(response);
    for (let turn = 0; turn < 10 && !response.destroyed; turn += 1) await clock.advance(2_000);

    expect(response.destroyed).toBe(true);
    await end();
  });

  it('asks for what it sends at each turn, and only while somebody looks', async () => {
    let asked = 0;
    const snapshot = { toJSON: () => (asked += 1) };
    const { clock, feed, end } = open(snapshot);
    await clock.advance(60_000);
    expect(asked).toBe(0);

    const response = await view();
    feed.add(response);
    for (let turn = 0; turn < 3; turn += 1) await clock.advance(2_000);
    expect(asked).toBe(4);

    const closed = once(response, 'close');
    response.destroy();
    await closed;
    await clock.advance(60_000);
    expect(asked).toBe(4);
    await end();
  });

  it('lets the longest viewer make way after a minute when all places are taken', async () => {
    const { clock, feed, end } = open({});
    const first = await view();
    const second = await view();
    feed.add(first);
    await clock.advance(20_000);
    feed.add(second);

    expect(feed.hasPlace()).toBe(false);
    await clock.advance(40_000);
    expect(feed.hasPlace()).toBe(true);
    expect([first.destroyed, second.destroyed]).toEqual([true, false]);
    await end();
  });
});
