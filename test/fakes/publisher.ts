import type { LinkState, Publisher, PublishOptions, PublishResult } from '../../src/mqtt/publisher.ts';

export type Published = { readonly topic: string; readonly payload: string; readonly retain: boolean };

export type FakePublisher = Publisher & {
  /** Everything that reached the broker, acknowledged or not. */
  readonly published: Published[];
  /** What the broker says to each publish from now on; `silence` is settled by the end of the connection. */
  answer: (message: Published) => PublishResult | 'silence';
  /** The network comes or goes. */
  setNetwork(isUp: boolean): void;
  readonly reconnects: string[];
};

const acknowledged: PublishResult = { kind: 'acknowledged' };

/** A publisher without wires: connected at once whenever it is started and the network is up. */
export const createFakePublisher = (): FakePublisher => {
  const listeners = new Set<(link: LinkState) => void>();
  const silent = new Set<(result: PublishResult) => void>();
  let link: LinkState = { state: 'disconnected', reason: 'not started' };
  let isStarted = false;
  let isStopped = false;
  let isNetworkUp = true;

  const become = (next: LinkState): void => {
    link = next;
    for (const listener of [...listeners]) listener(next);
  };
  const connect = (): void => {
    if (!isStarted || isStopped) return;
    become({ state: 'connecting' });
    become(isNetworkUp ? { state: 'connected' } : { state: 'disconnected', reason: 'network away' });
  };
  const disconnect = (reason: string): void => {
    if (link.state === 'disconnected') return;
    for (const settle of silent) settle({ kind: 'unacknowledged', reason });
    silent.clear();
    become({ state: 'disconnected', reason });
  };

  const fake: FakePublisher = {
    published: [],
    reconnects: [],
    answer: () => acknowledged,
    setNetwork: (isUp) => {
      isNetworkUp = isUp;
      if (isUp) connect();
      else disconnect('network away');
    },
    start: () => {
      isStarted = true;
      connect();
    },
    publish: async (topic, payload, { retain = false }: PublishOptions = {}) => {
      if (link.state !== 'connected') return { kind: 'unacknowledged', reason: 'not connected' };
      const message = { topic, payload, retain };
      fake.published.push(message);
      const answer = fake.answer(message);
      if (answer !== 'silence') return answer;
      return await new Promise<PublishResult>((resolve) => silent.add(resolve));
    },
    link: () => link,
    problem: () => null,
    onLink: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    reconnect: (reason) => {
      fake.reconnects.push(reason);
      disconnect(reason);
      setImmediate(connect);
    },
    stop: () => {
      isStopped = true;
      disconnect('stopped');
      return Promise.resolve();
    },
  };
  return fake;
};
