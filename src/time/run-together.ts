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
