import { describe, expect, it } from 'vitest';
import type { LinkState, Publisher } from '../../src/mqtt/publisher.ts';
import { behindNetwork, createSimulatedNetwork } from '../../src/simulation/simulated-network.ts';
import { createManualClock } from '../fakes/clock.ts';

const connected: LinkState = { state: 'connected' };
const away: LinkState = { state: 'disconnected', reason: 'the simulated network is away' };

const setUp = () => {
  const clock = createManualClock();
  const network = createSimulatedNetwork({
    clock,
    startMs: clock.monotonicMs(),
    scenario: {
      name: 'test',
      seed: 1,
      events: [
        { kind: 'networkAway', fromSeconds: 10, forSeconds: 20 },
        { kind: 'networkAway', fromSeconds: 60 },
      ],
    },
  });
  const calls: string[] = [];
  let deliver = (): void => undefined;
  const listeners = new Set<(link: LinkState) => void>();
  const publisher: Publisher = {
    start: () => calls.push('start'),
    publish: async (topic) => {
      calls.push(topic);
      if (topic === 'slow') await clock.sleep(5_000);
      return { kind: 'acknowledged' };
    },
    subscribe: (filters, onMessage) => {
      calls.push(...filters);
      for (const topic of filters) deliver = () => onMessage({ topic, payload: 'x' });
      return Promise.resolve({ kind: 'subscribed' });
    },
    link: () => connected,
    onLink: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    problem: () => null,
    reconnect: (reason) => calls.push(reason),
    stop: () => {
      calls.push('stop');
      return Promise.resolve();
    },
  };
  const announceLink = (): void => {
    for (const listener of listeners) listener(connected);
  };
  return {
    clock,
    network,
    calls,
    announceLink,
    deliver: () => deliver(),
    publisher: behindNetwork(publisher, network),
  };
};

describe('a publisher behind a simulated network', () => {
  it('hears while the network is there, and not while it is away', async () => {
    const { clock, calls, publisher, deliver } = setUp();
    const heard: string[] = [];
    const subscribe = () => publisher.subscribe(['a/+'], ({ topic }) => heard.push(topic));

    expect(await subscribe()).toEqual({ kind: 'subscribed' });
    deliver();
    await clock.advance(10_000);
    deliver();
    expect(await subscribe()).toMatchObject({ kind: 'unanswered', wasSent: false });

    expect(heard).toEqual(['a/+']);
    expect(calls).toEqual(['a/+']);
  });

  it('publishes while the network is there, and not while it is away', async () => {
    const { clock, calls, publisher } = setUp();

    expect(await publisher.publish('a', '')).toEqual({ kind: 'acknowledged' });
    await clock.advance(10_000);
    expect(await publisher.publish('b', '')).toEqual({ kind: 'unacknowledged', reason: away.reason });
    await clock.advance(20_000);
    expect(await publisher.publish('c', '')).toEqual({ kind: 'acknowledged' });
    expect(calls).toEqual(['a', 'c']);
  });

  it('loses the acknowledgement of what was on the way when the network went', async () => {
    const { clock, calls, publisher } = setUp();
    await clock.advance(8_000);
    const publishing = publisher.publish('slow', '');

    await clock.advance(5_000);

    expect(await publishing).toEqual({ kind: 'unacknowledged', reason: away.reason });
    expect(calls).toEqual(['slow']);
  });

  it('tells of the link whenever network or connection change, until told to stop', async () => {
    const { clock, publisher, announceLink } = setUp();
    const heard: LinkState[] = [];
    const stop = publisher.onLink((link) => heard.push(link));

    announceLink();
    await clock.advance(15_000);
    announceLink();
    expect(publisher.link()).toEqual(away);
    await clock.advance(20_000);
    expect(publisher.link()).toEqual(connected);
    stop();
    await clock.advance(60_000);
    announceLink();

    expect(heard).toEqual([connected, away, connected]);
  });

  it('passes everything else on', async () => {
    const { calls, publisher, network } = setUp();

    publisher.start();
    publisher.reconnect('stalled');
    await publisher.stop();
    await network.close();

    expect(calls).toEqual(['start', 'stalled', 'stop']);
  });
});
