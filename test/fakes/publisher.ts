import {
  type LinkState,
  matchesFilter,
  type OnMessage,
  type Publisher,
  type PublishOptions,
  type PublishResult,
  type SubscribeResult,
} from '../../src/mqtt/publisher.ts';

export type Published = { readonly topic: string; readonly payload: string; readonly retain: boolean };

export type FakePublisher = Publisher & {
  /** Everything that reached the broker, acknowledged or not. */
  readonly published: Published[];
  /** What the broker says to each publish from now on; `silence` is settled by the end of the connection. */
  answer: (message: Published) => PublishResult | 'silence';
  /** What was asked for by each SUBSCRIBE that reached the broker. */
  readonly subscribed: (readonly string[])[];
  /** What the broker says to each SUBSCRIBE; `hang up` ends the connection instead. */
  answerSubscribe: () => SubscribeResult | 'hang up';
  /** The broker sends a message to whoever subscribed to it. */
  deliver(topic: string, payload: string): void;
  /** The network comes or goes. */
  setNetwork(isUp: boolean): void;
  readonly reconnects: string[];
};

const acknowledged: PublishResult = { kind: 'acknowledged' };

/** A publisher without wires: connected at once whenever it is started and the network is up. */
export const createFakePublisher = (): FakePublisher => {
  const listeners = new Set<(link: LinkState) => void>();
  const silent = new Set<(result: PublishResult) => void>();
  const subscriptions = new Set<{ readonly filters: readonly string[]; readonly onMessage: OnMessage }>();
  const waiting = new Set<(isAnswered: boolean) => void>();
  let hasAnswered = false;
  let link: LinkState = { state: 'disconnected', reason: 'not started' };
  let isStarted = false;
  let isStopped = false;
  let isNetworkUp = true;

  const become = (next: LinkState): void => {
    link = next;
    for (const listener of [...listeners]) listener(next);
  };
  const settleWaiting = (isAnswered: boolean): void => {
    hasAnswered = isAnswered;
    for (const settle of waiting) settle(isAnswered);
    waiting.clear();
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
    subscriptions.clear();
    settleWaiting(false);
    become({ state: 'disconnected', reason });
  };

  const fake: FakePublisher = {
    published: [],
    reconnects: [],
    subscribed: [],
    answerSubscribe: () => ({ kind: 'subscribed' }),
    deliver: (topic, payload) => {
      for (const { filters, onMessage } of [...subscriptions])
        if (filters.some((filter) => matchesFilter(filter, topic))) onMessage({ topic, payload });
    },
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
      if (answer !== 'silence') {
        if (answer.kind === 'acknowledged') settleWaiting(true);
        return answer;
      }
      return await new Promise<PublishResult>((resolve) => silent.add(resolve));
    },
    subscribe: async (filters, onMessage) => {
      const notConnected = { kind: 'unanswered', reason: 'not connected', wasSent: false } as const;
      if (link.state !== 'connected') return notConnected;
      const isUp = hasAnswered || (await new Promise<boolean>((resolve) => waiting.add(resolve)));
      if (!isUp) return notConnected;
      fake.subscribed.push(filters);
      const answer = fake.answerSubscribe();
      if (answer === 'hang up') {
        disconnect('hung up');
        setImmediate(connect);
        return { kind: 'unanswered', reason: 'hung up', wasSent: true };
      }
      if (answer.kind === 'subscribed') subscriptions.add({ filters, onMessage });
      return answer;
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
