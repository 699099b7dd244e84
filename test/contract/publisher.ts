import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Incoming, LinkState, Publisher } from '../../src/mqtt/publisher.ts';

/** A broker to which a fresh publisher is pointed; it is up at first. */
export type PublisherBench = {
  readonly publisher: Publisher;
  /** Takes the broker away; established connections break. */
  breakNetwork(): Promise<void>;
  restoreNetwork(): Promise<void>;
  /** Another client of the broker publishes. */
  deliver(topic: string, payload: string): Promise<void>;
  dispose(): Promise<void>;
};

export const untilLink = (publisher: Publisher, state: LinkState['state']): Promise<void> =>
  new Promise((resolve) => {
    if (publisher.link().state === state) return resolve();
    const stopListening = publisher.onLink((link) => {
      if (link.state !== state) return;
      stopListening();
      resolve();
    });
  });

/** What every `Publisher` does, whatever is behind it. */
export const publisherContract = (name: string, create: () => Promise<PublisherBench>): void => {
  describe(`${name} as a publisher`, () => {
    let bench: PublisherBench;

    beforeEach(async () => {
      bench = await create();
    });

    afterEach(async () => {
      await bench.publisher.stop();
      await bench.dispose();
    });

    it('is disconnected until it is started', async () => {
      expect(bench.publisher.link().state).toBe('disconnected');
      expect(await bench.publisher.publish('w/1/reading', '{}')).toMatchObject({ kind: 'unacknowledged' });
    });

    it('connects and has publishes acknowledged', async () => {
      bench.publisher.start();
      await untilLink(bench.publisher, 'connected');

      expect(await bench.publisher.publish('w/1/reading', '{}')).toEqual({ kind: 'acknowledged' });
      expect(await bench.publisher.publish('w/1/status', '{}', { retain: true })).toEqual({
        kind: 'acknowledged',
      });
    });

    it('queues nothing while the network is away, and comes back with it', async () => {
      bench.publisher.start();
      await untilLink(bench.publisher, 'connected');

      await bench.breakNetwork();
      await untilLink(bench.publisher, 'disconnected');
      expect(await bench.publisher.publish('w/1/reading', '{}')).toMatchObject({ kind: 'unacknowledged' });

      await bench.restoreNetwork();
      await untilLink(bench.publisher, 'connected');
      expect(await bench.publisher.publish('w/1/reading', '{}')).toEqual({ kind: 'acknowledged' });
    });

    it('starts without a network', async () => {
      await bench.breakNetwork();
      bench.publisher.start();
      await untilLink(bench.publisher, 'disconnected');

      await bench.restoreNetwork();
      await untilLink(bench.publisher, 'connected');
    });

    it('makes a new connection when told to', async () => {
      bench.publisher.start();
      await untilLink(bench.publisher, 'connected');
      const links: LinkState[] = [];
      bench.publisher.onLink((link) => links.push(link));

      bench.publisher.reconnect('nothing is acknowledged');
      await untilLink(bench.publisher, 'disconnected');
      await untilLink(bench.publisher, 'connected');

      expect(links).toContainEqual({ state: 'disconnected', reason: 'nothing is acknowledged' });
    });

    it('subscribes once something was acknowledged, and hears what matches', async () => {
      const { publisher } = bench;
      const heard: Incoming[] = [];
      expect(await publisher.subscribe(['w/+/told'], () => undefined)).toMatchObject({
        kind: 'unanswered',
        wasSent: false,
      });
      publisher.start();
      await untilLink(publisher, 'connected');

      const subscribing = publisher.subscribe(['w/1/asked', 'w/+/told'], (message) => heard.push(message));
      await bench.deliver('w/1/told', 'too early');
      expect(await publisher.publish('w/1/status', '{}')).toEqual({ kind: 'acknowledged' });
      expect(await subscribing).toEqual({ kind: 'subscribed' });
      await bench.deliver('w/1/other', 'nobody asked');
      await bench.deliver('w/1/told', 'one');
      await bench.deliver('w/1/asked', '°C');

      await expect
        .poll(() => heard)
        .toEqual([
          { topic: 'w/1/told', payload: 'one' },
          { topic: 'w/1/asked', payload: '°C' },
        ]);
    });

    it('hears nothing more once the connection has ended', async () => {
      const { publisher } = bench;
      const heard: Incoming[] = [];
      publisher.start();
      await untilLink(publisher, 'connected');
      await publisher.publish('w/1/status', '{}');
      await publisher.subscribe(['w/+/told'], (message) => heard.push(message));

      publisher.reconnect('test');
      await untilLink(publisher, 'disconnected');
      await untilLink(publisher, 'connected');
      const waiting = publisher.subscribe(['w/+/asked'], (message) => heard.push(message));
      await publisher.publish('w/1/status', '{}');
      expect(await waiting).toEqual({ kind: 'subscribed' });
      await bench.deliver('w/1/told', 'of the connection before');
      await bench.deliver('w/1/asked', 'of this one');

      await expect.poll(() => heard).toEqual([{ topic: 'w/1/asked', payload: 'of this one' }]);
    });

    it('gives up a subscription that waits for an acknowledgement when the connection ends', async () => {
      const { publisher } = bench;
      publisher.start();
      await untilLink(publisher, 'connected');

      const waiting = publisher.subscribe(['w/+/told'], () => undefined);
      await bench.breakNetwork();

      expect(await waiting).toMatchObject({ kind: 'unanswered', wasSent: false });
    });

    it('stops telling a listener that left', async () => {
      const links: LinkState[] = [];
      const stopListening = bench.publisher.onLink((link) => links.push(link));
      stopListening();

      bench.publisher.start();
      await untilLink(bench.publisher, 'connected');

      expect(links).toEqual([]);
    });

    it('is disconnected for good once stopped', async () => {
      bench.publisher.start();
      await untilLink(bench.publisher, 'connected');

      await bench.publisher.stop();

      expect(bench.publisher.link().state).toBe('disconnected');
      expect(await bench.publisher.publish('w/1/reading', '{}')).toMatchObject({ kind: 'unacknowledged' });
    });

    it('can be stopped before it was started', async () => {
      await bench.publisher.stop();
      bench.publisher.start();

      expect(bench.publisher.link().state).toBe('disconnected');
    });
  });
};
