import type { Publisher, PublishOptions, PublishResult } from '../mqtt/publisher.ts';
import type { Clock } from '../time/clock.ts';

/** What is on its way when the daemon stops gets this long; beyond it the next start sends it again. */
const FAREWELL_MS = 2_000;

export type PromptPublishParts = {
  readonly publisher: Pick<Publisher, 'publish' | 'reconnect'>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** How long an acknowledgement is awaited before the connection counts as dead. */
  readonly stallMs: number;
};

export type Message = { readonly topic: string; readonly payload: string } & PublishOptions;

/** Publishes with a deadline: a stalled connection is dropped and made anew. */
export const publishWithTimeout = async (
  { publisher, clock, signal, stallMs }: PromptPublishParts,
  { topic, payload, retain = false }: Message,
): Promise<PublishResult> => {
  const settled = new AbortController();
  // Not AbortSignal.any(): each would stay with the signal as long as the run lasts.
  const roused = new AbortController();
  const rouse = (): void => roused.abort();
  signal.addEventListener('abort', rouse);
  if (signal.aborted) rouse();
  const stall = async (): Promise<PublishResult> => {
    const isStalled = await clock.sleep(stallMs, roused.signal).then(
      () => true,
      () => false,
    );
    const reason = isStalled ? 'nothing is acknowledged' : 'stopping';
    if (isStalled) publisher.reconnect(reason);
    else await clock.sleep(FAREWELL_MS, settled.signal).catch(() => undefined);
    return { kind: 'unacknowledged', reason, ...(isStalled ? { isStalled } : {}) };
  };
  try {
    return await Promise.race([publisher.publish(topic, payload, { retain }), stall()]);
  } finally {
    signal.removeEventListener('abort', rouse);
    settled.abort();
    rouse();
  }
};
