import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Identity } from '../../src/certificate/certificate-authority.ts';
import { inspectOutbox } from '../../src/outbox/inspection.ts';
import type { OutboxStats } from '../../src/outbox/records.ts';
import type { ScenarioEvent } from '../../src/simulation/scenario.ts';

export type GatewayProcessParts = {
  readonly stationId: string;
  /** Configuration, certificates and log. */
  readonly folder: string;
  readonly outboxDirectory: string;
  readonly brokerPort: number;
  readonly rootCa: string;
  readonly device: Identity;
  /** Simulated seconds in a second. */
  readonly speed: number;
  readonly events?: readonly Partial<ScenarioEvent>[];
  readonly preAlerts?: readonly object[];
  /** Of the part `aws` of the configuration, instead of what is usual here. */
  readonly aws?: Readonly<Record<string, unknown>>;
  /** Beside that of the test. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A program that becomes the daemon: its command line follows. */
  readonly launcher?: readonly string[];
};

export type GatewayProcess = {
  readonly outboxDirectory: string;
  readonly logFile: string;
  start(): void;
  /** Resolves once the process is gone. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  isRunning(): boolean;
  pid(): number | undefined;
  /** Of the process that ended last; `null` while one runs. */
  exitStatus(): number | null;
  /** For how long it has told where its dashboard is, which it does last of all when it starts; 0 before. */
  upMs(): number;
  /** Of its dashboard; `undefined` before it has told it. */
  url(): string | undefined;
  /** What the running gateway answers to `GET /api/status`; `null` while it does not. */
  status(): Promise<unknown>;
  standing(): Promise<Standing | null>;
  /** Readings that wait, as the running gateway tells it; `null` while it does not. */
  waiting(): Promise<number | null>;
  /** What the outbox says of itself, read while the gateway is stopped. */
  stats(): Promise<OutboxStats>;
};

const DASHBOARD_URL = /"url":"(http:[^"]+?)\/?"/;

const standingSchema = z
  .object({
    outbox: z.object({
      epoch: z.string(),
      lanes: z.object({ reading: z.object({ waiting: z.int(), nextSeq: z.int() }) }),
    }),
  })
  .transform(({ outbox: { epoch, lanes } }) => ({ epoch, ...lanes.reading }));

/** Of the readings in the outbox. */
type Standing = Readonly<z.infer<typeof standingSchema>>;

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

/** A station on simulated sensors: the built daemon in a process of its own, one reading a simulated second. */
export const createGatewayProcess = async (parts: GatewayProcessParts): Promise<GatewayProcess> => {
  const { folder, outboxDirectory } = parts;
  await mkdir(folder, { recursive: true });
  const file = (name: string): string => join(folder, name);
  await writeFile(file('ca.pem'), parts.rootCa);
  await writeFile(file('device.pem'), parts.device.certificate);
  await writeFile(file('device.key'), parts.device.privateKey);
  await writeFile(
    file('gateway.yaml'),
    JSON.stringify({
      station: { id: parts.stationId, name: `Station ${parts.stationId}` },
      aws: {
        endpoint: '127.0.0.1',
        port: parts.brokerPort,
        certificate: file('device.pem'),
        privateKey: file('device.key'),
        rootCa: file('ca.pem'),
        ...parts.aws,
      },
      reporting: { intervalSeconds: 1 },
      outbox: { directory: outboxDirectory, maxMegabytes: 8 },
      sensors: { bme280: { address: 0x76 }, windVane: { address: 0x48, channel: 0 }, rainGauge: { gpio: 6 } },
      preAlerts: parts.preAlerts ?? [],
      http: { port: 0 },
    }),
  );
  await writeFile(
    file('scenario.yaml'),
    JSON.stringify({ name: 'faults', speed: parts.speed, events: parts.events ?? [] }),
  );
  let child: ChildProcess | undefined;
  let url: string | undefined;
  let upAtMs = 0;
  const status = async (): Promise<unknown> => {
    if (url === undefined) return null;
    const response = await fetch(`${url}/api/status`).catch(() => null);
    return (await response?.json().catch(() => null)) ?? null;
  };
  const standing = async (): Promise<Standing | null> =>
    standingSchema.safeParse(await status()).data ?? null;
  return {
    outboxDirectory,
    logFile: file('gateway.log'),
    start: () => {
      const log = createWriteStream(file('gateway.log'), { flags: 'a' });
      const [program = '', ...args] = [
        ...[...(parts.launcher ?? []), process.execPath, MAIN, 'run', '--simulate'],
        ...['--scenario', file('scenario.yaml'), '--config', file('gateway.yaml')],
      ];
      const started = spawn(program, args, {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...parts.environment },
      });
      url = undefined;
      let said = '';
      started.stdout.on('data', (chunk: Buffer) => {
        if (child !== started || url !== undefined) return;
        said += chunk.toString();
        url = DASHBOARD_URL.exec(said)?.[1];
        upAtMs = Date.now();
      });
      started.stdout.pipe(log, { end: false });
      started.stderr.pipe(log, { end: false });
      started.once('exit', () => log.end());
      child = started;
    },
    stop: async (signal) => {
      const running = child;
      child = undefined;
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const exited = once(running, 'exit');
      running.kill(signal);
      await exited;
    },
    isRunning: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    pid: () => child?.pid,
    exitStatus: () => child?.exitCode ?? null,
    upMs: () => (url === undefined ? 0 : Date.now() - upAtMs),
    url: () => url,
    status,
    standing,
    waiting: async () => (await standing())?.waiting ?? null,
    stats: async () => {
      const inspection = await inspectOutbox(outboxDirectory);
      if (typeof inspection === 'string') throw new Error(inspection);
      const stats = inspection.stats();
      await inspection.close();
      return stats;
    },
  };
};

/** Waits for a condition and not for a duration; says what it waited for when that is in vain. */
export const until = async (
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  withinMs = 180_000,
): Promise<void> => {
  const endMs = Date.now() + withinMs;
  while (!(await isTrue())) {
    if (Date.now() > endMs) throw new Error(`in vain: ${what}`);
    await delay(50);
  }
};

export const logOf = (gateway: GatewayProcess): Promise<string> => readFile(gateway.logFile, 'utf8');
