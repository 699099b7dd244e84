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
