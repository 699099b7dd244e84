import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/certificate/certificate-authority.ts';
import { startBroker } from '../../src/demo/broker.ts';
import { askDaemon } from '../../src/status/daemon-socket.ts';
import { createGatewayProcess, type GatewayProcess, logOf, until } from './gateway-process.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const GOOD = fileURLToPath(new URL('../commands/good.yaml', import.meta.url));

type Ended = { readonly status: number; readonly out: string; readonly err: string };

const run = (...args: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], (error, out, err) => {
      resolve({ status: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });

/** With its standard output on a device that is full. */
const runOnFullDevice = async (args: readonly string[]): Promise<Omit<Ended, 'out'>> => {
  const full = await open('/dev/full', 'w');
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', full.fd, 'pipe'] });
  const [[status], err] = await Promise.all([once(child, 'exit'), text(child.stderr ?? process.stdin)]);
  await full.close();
  return { status, err };
};

/** With somebody who reads nothing of the output and leaves. */
const runUnread = async (args: readonly string[]): Promise<Omit<Ended, 'out'>> => {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  const [[status], err] = await Promise.all([once(child, 'exit'), text(child.stderr)]);
  return { status, err };
};

const never = new AbortController().signal;

/** Of a second daemon, with a state of its own. */
const otherConfig = async (folder: string): Promise<string> => {
  const config = JSON.parse(await readFile(join(folder, 'gateway.yaml'), 'utf8'));
  config.outbox.directory = join(folder, 'other');
  await writeFile(join(folder, 'other.yaml'), JSON.stringify(config));
  return join(folder, 'other.yaml');
};

describe('the commands beside a running daemon', () => {
  let folder: string;
  let gateway: GatewayProcess;
  let config: readonly [string, string];
  let broker: Awaited<ReturnType<typeof startBroker>>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'commands-'));
    const authority = await createCertificateAuthority('Authority of the broker');
    const other = await createCertificateAuthority('Authority that the station trusts');
    const server = await authority.issueServer({ dns: ['localhost'], ip: ['127.0.0.1'] });
    broker = await startBroker({ server, clientAuthority: other.certificate });
    gateway = await createGatewayProcess({
      stationId: '1',
      folder,
      outboxDirectory: join(folder, 'state'),
      brokerPort: broker.port,
      rootCa: other.certificate,
      device: await other.issueClient('1'),
      speed: 1,
    });
    config = ['--config', join(folder, 'gateway.yaml')];
    gateway.start();
    await until('the daemon is up', async () => (await gateway.waiting()) !== null);
  });
  afterAll(async () => {
    await gateway.stop('SIGTERM');
    await broker.close();
    await rm(folder, { recursive: true });
  });

  const REASON = /from an authority that is not trusted \(issued by Authority of the broker, valid from/;

  it('names in log and status what is wrong with TLS, as doctor does', async () => {
    await until('the reason is logged', async () => REASON.test(await logOf(gateway)));

    expect(await logOf(gateway)).not.toMatch(/AWS_[A-Z_]+/);
    expect((await run('status', ...config)).out).toMatch(REASON);
    expect((await run('doctor', ...config)).out).toMatch(REASON);
  });

  it('answers status and doctor through its socket, which is for its user alone', async () => {
    expect((await stat(join(folder, 'state', 'status.sock'))).mode & 0o777).toBe(0o600);
    const { status, out } = await run('status', '--json', ...config);
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ station: { id: '1' }, link: { state: expect.any(String) } });
    expect((await run('doctor', ...config)).out).toMatch(/the running daemon is (disconnected|connecting)/);
    expect((await run('outbox', 'stats', ...config)).status).not.toBe(0);
    expect(gateway.isRunning()).toBe(true);
  });

  const commands = (): string[][] => [
    ['--help'],
    ['--version'],
    ['check', ...config],
    ['doctor', ...config],
    ['doctor', '--json', ...config],
    ['status', ...config],
    ['status', '--json', ...config],
    ['outbox', 'stats', ...config],
    ['replay', ...config, join(folder, 'record.csv')],
  ];

  it('end with one line and an error where their output cannot be written or is not read', async () => {
    await writeFile(join(folder, 'record.csv'), 'datetime,temperature\n2026-06-01 00:00:00,20\n');
    for (const command of commands()) {
      const full = await runOnFullDevice(command);
      expect(full.status, command.join(' ')).not.toBe(0);
      expect(full.err, command.join(' ')).not.toMatch(/\n\s+at /);
      const unread = await runUnread(command);
      expect(unread.status, command.join(' ')).not.toBe(0);
      expect(unread.err, command.join(' ')).not.toMatch(/\n\s+at /);
    }
  });

  it('measures on where its log cannot be written, and ends when it is told to', async () => {
    const full = await open('/dev/full', 'w');
    const child = spawn(
      process.execPath,
      [MAIN, 'run', '--simulate', '--config', await otherConfig(folder)],
      { stdio: ['ignore', full.fd, 'pipe'] },
    );
    const state = join(folder, 'other');
    await until('it measures', async () => (await askDaemon(state, never)).kind === 'answered');
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect((await exited)[0]).toBe(0);
    expect(await text(child.stderr ?? process.stdin)).toBe('');
    await full.close();
  });
});

describe('a replay', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replay-'));
    await promisify(execFile)('mkfifo', [join(folder, 'fifo')]);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['a pipe that nobody writes to', 'fifo'],
    ['standard input', '-'],
  ])('of %s ends at the first Ctrl-C', async (_what, file) => {
    const child = spawn(process.execPath, [MAIN, 'replay', '--config', GOOD, file], {
      cwd: folder,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const exited = once(child, 'exit', { signal: AbortSignal.timeout(30_000) });
    await delay(2_000);
    child.kill('SIGINT');
    expect(await exited.catch(() => child.kill('SIGKILL'))).toEqual([null, 'SIGINT']);
  });
});
