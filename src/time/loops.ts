import { Mutex } from 'async-mutex';
import type { Clock } from './clock.ts';

/** Resolves when the time is over, and also when the signal aborts: the caller's loop looks at the signal. */
export const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  clock.sleep(ms, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });

/**
 * Runs `task` every `periodMs` of monotonic time, counted from the first run, until the signal aborts.
 * A run that takes longer than its period costs the runs it covers, and never shifts the later ones.
 * Rejects with what `task` rejects with.
 */
export const every = async (
  periodMs: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  task: () => Promise<void>,
): Promise<void> => {
  let dueMs = clock.monotonicMs();
  while (!signal.aborted) {
    await task();
    const behindPeriods = Math.max(0, Math.floor((clock.monotonicMs() - dueMs) / periodMs));
    dueMs += (behindPeriods + 1) * periodMs;
    await pause(clock, dueMs - clock.monotonicMs(), signal);
  }
};

export type Loop = (signal: AbortSignal) => Promise<void>;

/**
 * Runs loops until the signal aborts and all of them have ended. When one fails the others are stopped too, and the
 * first failure is what this rejects with.
 */
export const runTogether = async (loops: readonly Loop[], signal: AbortSignal): Promise<void> => {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  await Promise.all(loops.map((loop) => loop(stop).catch((error: unknown) => failed.abort(error))));
  failed.signal.throwIfAborted();
};

/** Runs what it is given one after the other, in the order it was asked. */
type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>;

export const createOneAtATime = (): OneAtATime => {
  const mutex = new Mutex();
  return (work) => mutex.runExclusive(work);
};

type Deadline = { readonly limitMs: number; readonly signal: AbortSignal };

/**
 * Resolves or rejects as `work` does; with `late` where that takes longer than `limitMs`, with `ended` where the signal
 * aborts first. Work that is given up is not stopped, and nothing waits for it. No timer stays behind.
 */
export const withDeadline = async <T>(
  clock: Clock,
  { limitMs, signal }: Deadline,
  work: Promise<T>,
): Promise<T | 'late' | 'ended'> => {
  const over = new AbortController();
  const end = (): void => over.abort();
  // Not AbortSignal.any(): each would stay with the signal as long as the run lasts.
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  const deadline = clock.sleep(limitMs, over.signal).then(
    () => 'late' as const,
    () => 'ended' as const,
  );
  try {
    return await Promise.race([work, deadline]);
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
};

/** Something may be to do: a sleep that can be cut short, and a call before it is not forgotten. */
export class Wake {
  readonly #clock: Clock;
  #isCalled = false;
  #sleep: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  call(): void {
    this.#isCalled = true;
    this.#sleep?.abort();
  }

  /** Until it is called, the time is over, or the signal aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#isCalled && !signal.aborted) {
      const sleep = new AbortController();
      const stop = (): void => sleep.abort();
      signal.addEventListener('abort', stop);
      this.#sleep = sleep;
      await pause(this.#clock, ms, sleep.signal);
      this.#sleep = undefined;
      signal.removeEventListener('abort', stop);
    }
    this.#isCalled = false;
  }
}
