import type { Log } from '../log.ts';
import type { Clock } from '../time/clock.ts';
import type { Loop } from '../time/run-together.ts';
import { type HttpServer, type HttpServerParts, openHttpServer } from './server.ts';

const RETRY_MS = 30_000;

/** Serves the dashboard until the signal aborts. An address that cannot be had is tried again: the station measures on. */
export const serveDashboard =
  (parts: HttpServerParts & { readonly clock: Clock; readonly log: Log }): Loop =>
  async (signal) => {
    const { clock, log } = parts;
    const sleep = (ms: number): Promise<void> => clock.sleep(ms, signal).catch(() => undefined);
    let server: HttpServer | null = null;
    let told: string | null = null;
    while (server === null && !signal.aborted) {
      server = await openHttpServer(parts).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        if (reason !== told) log.error({ reason }, 'the dashboard cannot be served');
        told = reason;
        return null;
      });
      if (server === null) await sleep(RETRY_MS);
    }
    if (server === null) return;
    await untilAborted(signal);
    await server.close();
  };

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
