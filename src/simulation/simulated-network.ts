import type { LinkState, Publisher } from '../mqtt/publisher.ts';
import type { Clock } from '../time/clock.ts';
import { eventsOf, isDuring, type Scenario } from './scenario.ts';

/** Whether anything reaches the broker, as the scenario has it. */
export type SimulatedNetwork = {
  isAway(): boolean;
  /** Returns how to stop listening. */
  onChange(listener: (isAway: boolean) => void): () => void;
  close(): Promise<void>;
};

type SimulatedNetworkOptions = {
  readonly clock: Clock;
  readonly startMs: number;
  readonly scenario: Scenario;
};

export const createSimulatedNetwork = (options: SimulatedNetworkOptions): SimulatedNetwork => {
  const { clock, startMs, scenario } = options;
  const absences = eventsOf(scenario, 'networkAway');
  const listeners = new Set<(isAway: boolean) => void>();
  const closing = new AbortController();

  const isAway = (): boolean => {
    const elapsedSeconds = (clock.monotonicMs() - startMs) / 1000;
    return absences.some((absence) => isDuring(absence, elapsedSeconds));
  };

  const changesMs = absences
    .flatMap(({ fromSeconds, forSeconds }) =>
      forSeconds === undefined ? [fromSeconds] : [fromSeconds, fromSeconds + forSeconds],
    )
    .map((seconds) => startMs + seconds * 1000)
    .sort((a, b) => a - b);

  const announce = async (): Promise<void> => {
    for (const changeMs of changesMs) {
      await clock.sleep(changeMs - clock.monotonicMs(), closing.signal);
      for (const listener of listeners) listener(isAway());
    }
  };
  const announcing = announce().catch((error: unknown) => {
    if (!closing.signal.aborted) throw error;
  });

  return {
    isAway,
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close: async () => {
      closing.abort();
      await announcing;
    },
  };
};

const REASON = 'the simulated network is away';

/** A publisher that reaches its broker only while the network is there. */
export const behindNetwork = (publisher: Publisher, network: SimulatedNetwork): Publisher => {
  const link = (): LinkState =>
    network.isAway() ? { state: 'disconnected', reason: REASON } : publisher.link();
  return {
    start: () => publisher.start(),
    publish: async (topic, payload, options) => {
      if (network.isAway()) return { kind: 'unacknowledged', reason: REASON };
      const result = await publisher.publish(topic, payload, options);
      // The answer would have had to come through the same network.
      return network.isAway() ? { kind: 'unacknowledged', reason: REASON } : result;
    },
    subscribe: async (filters, onMessage) => {
      if (network.isAway()) return { kind: 'unanswered', reason: REASON, wasSent: false };
      return await publisher.subscribe(filters, (message) => {
        if (!network.isAway()) onMessage(message);
      });
    },
    link,
    problem: () => publisher.problem(),
    onLink: (listener) => {
      const stops = [
        publisher.onLink(() => {
          if (!network.isAway()) listener(publisher.link());
        }),
        network.onChange(() => listener(link())),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
    reconnect: (reason) => publisher.reconnect(reason),
    stop: () => publisher.stop(),
  };
};
