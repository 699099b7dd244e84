import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { Log } from '../log.ts';
import { daemonSocketIn } from '../status/daemon-socket.ts';
import type { GatewayStatus } from '../status/status.ts';
import type { Clock } from '../time/clock.ts';
import type { Loop } from '../time/loops.ts';

export type StatusSocketParts = {
  /** The state directory, which the store has locked. */
  readonly directory: string;
  readonly status: () => GatewayStatus;
  readonly clock: Clock;
  readonly log: Log;
};

const RETRY_MS = 30_000;
const OWNER_ONLY = 0o600;

const open = async ({ directory, status }: StatusSocketParts): Promise<Server> => {
  const path = daemonSocketIn(directory);
  // Left by a process that was killed; no other daemon can have the store open.
  await rm(path, { force: true });
  const server = createServer((request, response) => {
    response.setHeader('connection', 'close');
    if (request.url !== '/api/status') response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(status()));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  await chmod(path, OWNER_ONLY);
  return server;
};

/** Tells the status to `status` and `doctor` on this machine, until the signal aborts. */
export const serveStatusSocket =
  (parts: StatusSocketParts): Loop =>
  async (signal) => {
    const { clock, log } = parts;
    let server: Server | null = null;
    let isTold = false;
    while (server === null && !signal.aborted) {
      server = await open(parts).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        if (!isTold) log.warn({ reason }, 'the commands on this machine cannot ask for the status');
        isTold = true;
        return null;
      });
      if (server === null) await clock.sleep(RETRY_MS, signal).catch(() => undefined);
    }
    if (server === null) return;
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
