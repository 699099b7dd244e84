import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { askDaemon, serveStatusSocket } from '../../src/status/daemon-socket.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createGatewayStatus } from '../fakes/gateway-status.ts';
import { createRecordingLog } from '../fakes/log.ts';

describe('the socket of the daemon', () => {
  let folder: string;
  let stop: AbortController;
  let running: Promise<void>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daemon-socket-'));
    stop = new AbortController();
    await mkdir(join(folder, 'run'));
  });
  afterEach(async () => {
    stop.abort();
    await running;
    await rm(folder, { recursive: true });
  });

  const log = createRecordingLog();

  const serve = (directory: string, runtimeDirectory?: string): void => {
    const clock = createManualClock();
    const status = () => createGatewayStatus();
    running = serveStatusSocket({ directory, runtimeDirectory, status, clock, log })(stop.signal);
  };

  const ask = (directory: string) => askDaemon(directory, AbortSignal.timeout(10_000), join(folder, 'run'));

  it('is in the runtime directory where the data directory is missing, and there for its owner alone', async () => {
    const missing = join(folder, 'gone', 'näher');
    serve(missing, join(folder, 'run'));

    await vi.waitFor(
      async () => expect(await ask(missing)).toMatchObject({ kind: 'answered', body: { version: '1.2.3' } }),
      60_000,
    );
    expect((await stat(join(folder, 'run', 'status.sock'))).mode & 0o777).toBe(0o600);
  });

  it('does not answer there for a daemon of another data directory', async () => {
    const missing = join(folder, 'gone');
    serve(missing, join(folder, 'run'));
    await vi.waitFor(async () => expect((await ask(missing)).kind).toBe('answered'), 60_000);

    expect(await ask(join(folder, 'other'))).toEqual({ kind: 'not running' });
  });

  it('is in the data directory otherwise', async () => {
    serve(folder, join(folder, 'run'));

    await vi.waitFor(async () => expect((await ask(folder)).kind).toBe('answered'), 60_000);
    await expect(stat(join(folder, 'run', 'status.sock'))).rejects.toThrow('ENOENT');
  });

  it('is in the runtime directory where the path of the data directory is too long for a socket', async () => {
    const long = join(folder, 'd'.repeat(120));
    await mkdir(long);
    serve(long, join(folder, 'run'));

    await vi.waitFor(async () => expect((await ask(long)).kind).toBe('answered'), 60_000);
    expect((await readdir(folder)).sort()).toEqual(['d'.repeat(120), 'run']);
    expect((await stat(join(folder, 'run', 'status.sock'))).mode & 0o777).toBe(0o600);
  });

  it('is missed where neither can have it, which is said once', async () => {
    serve(join(folder, 'gone'));

    await vi.waitFor(
      () =>
        expect(log.lines('warn').map(({ message }) => message)).toEqual([
          'the commands on this machine cannot ask for the status',
        ]),
      60_000,
    );
    expect(await ask(join(folder, 'gone'))).toEqual({ kind: 'not running' });
  });
});
