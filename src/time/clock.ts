import { setTimeout as delay } from 'node:timers/promises';

/** The only source of time. Everything that waits or measures takes one as a parameter. */
export type Clock = {
  /** Unix time in milliseconds; may step at any moment. */
  wallMs(): number;
  /** CLOCK_MONOTONIC in milliseconds, with fractions; never steps, restarts with the machine. */
  monotonicMs(): number;
  /** Waits on the monotonic clock. Rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, signal ? { signal } : {});
    } catch (error) {
      // Node wraps the reason in an AbortError of its own.
      signal?.throwIfAborted();
      throw error;
    }
  },
};
