import { Mutex } from 'async-mutex';
import type { Clock } from './clock.ts';

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
    await clock.sleep(dueMs - clock.monotonicMs(), signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
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
export type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>;

export const createOneAtATime = (): OneAtATime => {
  const mutex = new Mutex();
  return (work) => mutex.runExclusive(work);
};
