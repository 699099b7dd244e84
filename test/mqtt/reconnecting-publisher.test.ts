import { describe, expect, it } from 'vitest';
import {
  ConnectError,
  type Connection,
  type ConnectionEnd,
  type LinkState,
} from '../../src/mqtt/publisher.ts';
import { ReconnectingPublisher } from '../../src/mqtt/reconnecting-publisher.ts';
import { untilLink } from '../contract/publisher.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';

const unreachable: ConnectionEnd = { kind: 'unreachable', reason: 'connection refused' };
const refused: ConnectionEnd = { kind: 'refused', reason: 'not authorized' };
const broken: ConnectionEnd = { kind: 'broken', reason: 'the connection was closed' };

const openConnection = () => {
  let end: (reason: ConnectionEnd) => void = () => undefined;
  const ended = new Promise<ConnectionEnd>((resolve) => {
    end = resolve;
  });
  const subscribed: (readonly string[])[] = [];
  const connection: Connection & { isClosed: boolean } = {
    ended,
    isClosed: false,
    publish: () => Promise.resolve({ kind: 'acknowledged' }),
    subscribe: (filters) => {
      subscribed.push(filters);
      return new Promise(() => undefined);
    },
    close: () => {
      connection.isClosed = true;
      return Promise.resolve();
    },
  };
  return { connection, subscribed, end: (reason: ConnectionEnd) => end(reason) };
};

const setUp = () => {
  const clock = createManualClock();
  const log = createRecordingLog();
  const script: (ConnectionEnd | Connection)[] = [];
  const attemptsMs: number[] = [];
  const publisher = new ReconnectingPublisher({
    clock,
    log,
    random: () => 0.999,
    connect: () => {
      attemptsMs.push(clock.monotonicMs());
      const next = script.shift() ?? unreachable;
      return 'kind' in next ? Promise.reject(new ConnectError(next)) : Promise.resolve(next);
    },
  });
  const waitsSeconds = (): number[] =>
    attemptsMs.slice(1).map((ms, index) => Math.round((ms - (attemptsMs[index] ?? 0)) / 1000));
  return { clock, log, script, publisher, attemptsMs, waitsSeconds };
};

describe('the reconnecting publisher', () => {
  it('asks again within seconds while nothing answers', async () => {
    const { clock, publisher, waitsSeconds } = setUp();
    publisher.start();
    await clock.advance(20_000);

    expect(waitsSeconds()).toEqual([1, 2, 3, 3, 3, 3, 3]);
    await publisher.stop();
  });

  it('backs off to two minutes from an endpoint that says no', async () => {
    const { clock, publisher, script, waitsSeconds } = setUp();
    script.push(...Array.from({ length: 10 }, () => refused));
    publisher.start();
    await clock.advance(400_000);

    expect(waitsSeconds().slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
    await publisher.stop();
  });

  it('draws each wait anew, so that stations do not come back together', async () => {
    const clock = createManualClock();
    const draws = [0, 0.5, 0.25];
    const attemptsMs: number[] = [];
    const publisher = new ReconnectingPublisher({
      clock,
      log: createRecordingLog(),
      random: () => draws.shift() ?? 0.999,
      connect: () => {
        attemptsMs.push(clock.monotonicMs() - 1_000);
        return Promise.reject(new ConnectError(unreachable));
      },
    });
    publisher.start();
    await clock.advance(2_100);

    expect(attemptsMs).toEqual([0, 0, 1_000, 1_750]);
    await publisher.stop();
  });

  const endAfter = async (liveMs: number, end: ConnectionEnd, payloads: string[]) => {
    const { clock, publisher, script, waitsSeconds } = setUp();
    const session = openConnection();
    script.push(refused, refused, refused, session.connection);
    publisher.start();
    await clock.advance(7_000);
    expect(publisher.link()).toEqual({ state: 'connected' });
    for (const payload of payloads) {
      await publisher.publish('w/1/reading', payload, { retain: payload === 'status' });
    }
    await clock.advance(liveMs);
    script.push(refused);
    session.end(end);
    await clock.advance(20_000);
    await publisher.stop();
    const [, , , lifeSeconds = 0] = waitsSeconds();
    return lifeSeconds - Math.round(liveMs / 1000);
  };

  it('forgets earlier trouble only after a connection that was stable or brought readings home', async () => {
    expect(await endAfter(2_000, broken, ['status'])).toBeGreaterThanOrEqual(7);
    expect(await endAfter(2_000, broken, ['status', 'reading'])).toBeLessThanOrEqual(1);
    expect(await endAfter(2_000, refused, ['status', 'reading'])).toBeGreaterThanOrEqual(7);
    expect(await endAfter(31_000, refused, ['status'])).toBeLessThanOrEqual(1);
  });

  it('tells every state, and logs a lasting reason once', async () => {
    const { clock, log, publisher, script } = setUp();
    const session = openConnection();
    script.push(unreachable, unreachable, session.connection);
    const links: LinkState[] = [];
    publisher.onLink((link) => links.push(link));
    publisher.start();
    await clock.advance(3_500);

    expect(links.map(({ state }) => state)).toEqual([
      'connecting',
      'disconnected',
      'connecting',
      'disconnected',
      'connecting',
      'connected',
    ]);
    expect(log.lines()).toEqual([
      { reason: 'connection refused', message: 'no connection' },
      { message: 'connected' },
    ]);
    await publisher.stop();
    expect(log.lines().at(-1)).toEqual({ message: 'disconnected' });
  });

  it('closes every connection, dropped or lost', async () => {
    const { clock, publisher, script } = setUp();
    const first = openConnection();
    const second = openConnection();
    script.push(first.connection, second.connection);
    publisher.start();
    await untilLink(publisher, 'connected');

    publisher.reconnect('nothing is acknowledged');
    await clock.advance(1_000);
    expect(first.connection.isClosed).toBe(true);
    expect(publisher.link()).toEqual({ state: 'connected' });

    second.end(broken);
    await clock.advance(0);
    expect(second.connection.isClosed).toBe(true);
    await publisher.stop();
  });

  it('connects at once when the clock steps while it waits', async () => {
    const { clock, publisher, script, attemptsMs } = setUp();
    script.push(...Array.from({ length: 10 }, () => refused));
    publisher.start();
    await clock.advance(70_000);
    const attempts = attemptsMs.length;

    clock.stepWall(86_400_000);
    await clock.advance(1_000);

    expect(attemptsMs).toHaveLength(attempts + 1);
    await publisher.stop();
  });

  it('backs off from another client with this id, and says so until a session lasts', async () => {
    const { clock, log, publisher, script, waitsSeconds } = setUp();
    const sessions = Array.from({ length: 4 }, openConnection);
    script.push(...sessions.map(({ connection }) => connection));
    publisher.start();
    for (const session of sessions.slice(0, 3)) {
      await untilLink(publisher, 'connected');
      session.end({ kind: 'taken over', reason: 'another client uses this id (0x8e)' });
      await clock.advance(0);
      expect(publisher.problem()).toBe('another client uses this id');
      await clock.advance(30_000);
    }

    expect(waitsSeconds()).toEqual([5, 35, 40]);
    expect(log.lines().filter(({ message }) => message === 'no connection')).toHaveLength(1);
    await clock.advance(600_000);
    expect(publisher.link()).toEqual({ state: 'connected' });
    expect(publisher.problem()).toBeNull();
    await publisher.stop();
  });

  it('suspects another client when sessions end within seconds, and no longer when the network is away', async () => {
    const { clock, publisher, script } = setUp();
    const sessions = Array.from({ length: 5 }, openConnection);
    script.push(...sessions.map(({ connection }) => connection));
    publisher.start();
    for (const session of sessions) {
      await untilLink(publisher, 'connected');
      expect(publisher.problem()).toBeNull();
      session.end(broken);
      await clock.advance(0);
      if (session !== sessions.at(-1)) await clock.advance(9_000);
    }

    expect(publisher.problem()).toContain('probably another client uses this id');
    await clock.advance(31_000);
    expect(publisher.problem()).toBeNull();
    await publisher.stop();
  });

  it('suspects no other client where a message on a topic that was never taken ends each session', async () => {
    const { clock, publisher, script } = setUp();
    const sessions = Array.from({ length: 6 }, openConnection);
    for (const { connection, end } of sessions)
      connection.publish = () => {
        end(broken);
        return Promise.resolve({ kind: 'unacknowledged', reason: broken.reason });
      };
    script.push(...sessions.map(({ connection }) => connection));
    publisher.start();
    for (let session = 0; session < sessions.length; session += 1) {
      await untilLink(publisher, 'connected');
      await publisher.publish('w/1/prealert', '{}');
      await clock.advance(40_000);
    }

    expect(publisher.problem()).toBeNull();
    await publisher.stop();
  });

  it('stops while an attempt is made that ends with the reason of the stop', async () => {
    const publisher = new ReconnectingPublisher({
      clock: createManualClock(),
      log: createRecordingLog(),
      connect: (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    });
    publisher.start();

    await expect(publisher.stop()).resolves.toBeUndefined();
  });

  it('lets a bug through', async () => {
    const publisher = new ReconnectingPublisher({
      clock: createManualClock(),
      log: createRecordingLog(),
      connect: () => Promise.reject(new TypeError('a bug')),
    });
    publisher.start();

    await expect(publisher.stop()).rejects.toThrow('a bug');
  });

  it('sends no SUBSCRIBE before something was acknowledged, and gives one that is not answered up', async () => {
    const { clock, script, publisher } = setUp();
    const { connection, subscribed, end } = openConnection();
    script.push(connection);
    publisher.start();
    await untilLink(publisher, 'connected');

    const subscribing = publisher.subscribe(['a/+'], () => undefined);
    await clock.advance(0);
    expect(subscribed).toEqual([]);
    await publisher.publish('w/1/status', '{}');
    await clock.advance(0);
    expect(subscribed).toEqual([['a/+']]);
    await clock.advance(60_000);

    expect(await subscribing).toMatchObject({ kind: 'unanswered', wasSent: true });
    end(broken);
    await publisher.stop();
  });

  it('suspects no other client where each connection ends at a SUBSCRIBE', async () => {
    const { clock, script, publisher } = setUp();
    publisher.start();
    for (let session = 0; session < 8; session += 1) {
      const { connection, end } = openConnection();
      script.push(connection);
      await clock.advance(200_000);
      void publisher.subscribe(['a/+'], () => undefined);
      await publisher.publish('w/1/status', '{}');
      await clock.advance(0);
      end(broken);
      await clock.advance(0);
    }

    expect(publisher.problem()).toBeNull();
    await publisher.stop();
  });
});
