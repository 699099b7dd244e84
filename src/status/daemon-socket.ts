import { readFile, stat } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';

/** Where the running daemon tells its status to the commands on its machine; only its user and root may ask. */
export const daemonSocketIn = (stateDirectory: string): string => join(stateDirectory, 'status.sock');

export type DaemonAnswer =
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
export const askDaemon = async (stateDirectory: string, signal: AbortSignal): Promise<DaemonAnswer> => {
  try {
    return { kind: 'answered', body: await requestStatus(daemonSocketIn(stateDirectory), signal) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EACCES' || code === 'EPERM')
      return { kind: 'unknown', reason: `${stateDirectory} may not be read by this user: use sudo` };
    if (!['ENOENT', 'ENOTDIR', 'ECONNREFUSED'].includes(code))
      return { kind: 'unknown', reason: `the daemon does not answer: ${String(error)}` };
    return (await isLocked(join(stateDirectory, 'store', 'LOCK')))
      ? { kind: 'unknown', reason: `a daemon holds the store in ${stateDirectory} and does not answer` }
      : { kind: 'not running' };
  }
};

const requestStatus = (socketPath: string, signal: AbortSignal): Promise<unknown> =>
  new Promise((resolve, reject) => {
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
          resolve(JSON.parse(text));
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
