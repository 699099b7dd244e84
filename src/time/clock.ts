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
  // By hand: that of timers/promises makes errors and listeners of its own for each sleep, several a second.
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal === undefined) {
        setTimeout(resolve, ms);
        return;
      }
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      }, ms);
      signal.addEventListener('abort', onAbort, { once: true });
    }),
};
