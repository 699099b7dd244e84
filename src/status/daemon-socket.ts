import { chmod, readFile, rm, stat } from 'node:fs/promises';
import { createServer, get, type Server } from 'node:http';
import { join, resolve } from 'node:path';
import type { Log } from '../log.ts';
import type { Clock } from '../time/clock.ts';
import { type Loop, pause } from '../time/loops.ts';
import { errorCode, formatError } from '../weather/format.ts';
import type { GatewayStatus } from './status.ts';

/** Where the running daemon tells its status to the commands on its machine; only its user and root may ask. */
export const daemonSocketIn = (directory: string): string => join(directory, 'status.sock');

/** That of the unit, for a daemon whose data directory is missing or read-only. */
const RUNTIME_DIRECTORY = '/run/weather-gateway';
/** In an answer: whose daemon it is. Another one may have the socket of the runtime directory. */
const DATA_DIRECTORY = 'x-data-directory';
const headerOf = (directory: string): string => encodeURI(resolve(directory));

type DaemonAnswer =
  | { readonly kind: 'answered'; readonly body: unknown }
  | { readonly kind: 'not running' }
  /** It may run: it does not answer, or this user may not ask it. */
  | { readonly kind: 'unknown'; readonly reason: string };

/** A slow Pi takes seconds; where no daemon runs, the answer is immediate. */
const ANSWER_TIMEOUT_MS = 10_000;

/**
 * Asks the daemon that keeps its state here. It is asked through its own socket and not through the port of the
 * dashboard, on which another program may listen.
 */
export const askDaemon = async (
  stateDirectory: string,
  signal: AbortSignal,
  runtimeDirectory = RUNTIME_DIRECTORY,
): Promise<DaemonAnswer> => {
  try {
    return { kind: 'answered', body: (await requestStatus(daemonSocketIn(stateDirectory), signal)).body };
  } catch (error) {
    const elsewhere = await requestStatus(daemonSocketIn(runtimeDirectory), signal).catch(() => null);
    if (elsewhere?.dataDirectory === headerOf(stateDirectory))
      return { kind: 'answered', body: elsewhere.body };
    const code = errorCode(error);
    if (code === 'EACCES' || code === 'EPERM')
      return { kind: 'unknown', reason: `${stateDirectory} may not be read by this user: use sudo` };
    if (!['ENOENT', 'ENOTDIR', 'ECONNREFUSED'].includes(code))
      return { kind: 'unknown', reason: `the daemon does not answer: ${String(error)}` };
    return (await isLocked(join(stateDirectory, 'store', 'LOCK')))
      ? { kind: 'unknown', reason: `a daemon holds the store in ${stateDirectory} and does not answer` }
      : { kind: 'not running' };
  }
};

type Answer = { readonly body: unknown; readonly dataDirectory: string | undefined };

const requestStatus = (socketPath: string, signal: AbortSignal): Promise<Answer> =>
  new Promise((resolveAnswer, reject) => {
    const request = get({
      socketPath,
      path: '/api/status',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    });
    request.once('error', reject);
    request.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => {
        try {
          const dataDirectory = response.headers[DATA_DIRECTORY];
          resolveAnswer({ body: JSON.parse(text), dataDirectory: dataDirectory?.toString() });
        } catch (error) {
          reject(error);
        }
      });
    });
  });

/** Whether a process has locked a file (fcntl), as LevelDB does. */
const isLocked = async (file: string): Promise<boolean> => {
  try {
    const { ino } = await stat(file);
    const locks = await readFile('/proc/locks', 'utf8');
    return locks.split('\n').some((line) => line.split(/\s+/).some((field) => field.endsWith(`:${ino}`)));
  } catch {
    return false;
  }
};

type StatusSocketParts = {
  /** The state directory, which the store has locked. */
  readonly directory: string;
  /** $RUNTIME_DIRECTORY, for where the state directory takes no socket. */
  readonly runtimeDirectory?: string | undefined;
  readonly status: () => GatewayStatus;
  readonly clock: Clock;
  readonly log: Log;
};

const RETRY_MS = 30_000;
const OWNER_ONLY = 0o600;
/** Node.js cuts a longer one, and makes the socket elsewhere (sun_path of unix(7)). */
const MAX_PATH_BYTES = 107;

const open = ({ directory, runtimeDirectory, status }: StatusSocketParts): Promise<Server> =>
  openIn(directory, directory, status).catch((error: unknown) => {
    if (runtimeDirectory === undefined) throw error;
    return openIn(runtimeDirectory, directory, status);
  });

const openIn = async (
  directory: string,
  dataDirectory: string,
  status: StatusSocketParts['status'],
): Promise<Server> => {
  const path = daemonSocketIn(directory);
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw new Error(`${path} is too long for a socket, which has at most ${MAX_PATH_BYTES} bytes`);
  // Left by a process that was killed; no other daemon can have the store open.
  await rm(path, { force: true });
  const server = createServer((request, response) => {
    response.setHeader('connection', 'close');
    response.setHeader(DATA_DIRECTORY, headerOf(dataDirectory));
    if (request.url !== '/api/status') response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(status()));
  });
  await new Promise<void>((listening, reject) => {
    server.once('error', reject);
    server.listen(path, listening);
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
        const reason = formatError(error);
        if (!isTold) log.warn({ reason }, 'the commands on this machine cannot ask for the status');
        isTold = true;
        return null;
      });
      if (server === null) await pause(clock, RETRY_MS, signal);
    }
    if (server === null) return;
    if (!signal.aborted)
      await new Promise((aborted) => signal.addEventListener('abort', aborted, { once: true }));
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
  };
