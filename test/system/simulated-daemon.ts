import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openHistory } from '../../src/history/history.ts';
import { openStore } from '../../src/store/open-store.ts';
import { systemClock } from '../../src/time/clock.ts';
import type { Instant, Stamp } from '../../src/weather/reading.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { recordPast } from './dashboard-station.ts';
import { createMosquitto, type Mosquitto } from './mosquitto.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export type SimulatedDaemon = {
  readonly url: string;
  readonly pid: number;
  /** From its start until it said where its dashboard is. */
  readonly startMs: number;
  /** Its broker, not started yet. */
  readonly mosquitto: Mosquitto;
  readonly configFile: string;
  /** Ends it in order and removes its files; resolves with its exit status. */
  dispose(): Promise<number | null>;
};

export type SimulatedDaemonOptions = {
  readonly intervalSeconds?: number;
  readonly events?: readonly object[];
  readonly preAlerts?: readonly object[];
  /** Days of weather, every 12 s, that the station finds in its history. */
  readonly pastDays?: number;
  /** Where its files are made and removed. */
  readonly folder?: string;
};

const recordPastIn = async (
  directory: string,
  { days, intervalSeconds }: { days: number; intervalSeconds: number },
) => {
  const log = createRecordingLog();
  const wallMs = (): number => systemClock.wallMs();
  const { store } = await openStore({ directory, log, wallMs });
  const intervalMs = intervalSeconds * 1000;
  const stampOf = ({ wallMs: atMs }: Instant): Stamp => ({ wallMs: atMs, timequality: 'synced' });
  await recordPast(await openHistory({ store, log, wallMs, intervalMs, stampOf }), { days, seed: 7 });
  await store.close();
};

/** The port the dashboard was given, from the line in which the daemon says so. */
const dashboardUrl = async (child: ChildProcess): Promise<string> => {
  if (child.stdout === null) throw new Error('the daemon has no standard output');
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`the daemon serves no dashboard:\n${lines.join('\n')}`);
};

/** `dist/main.js run --simulate` with a broker of its own. */
export const startSimulatedDaemon = async ({
  intervalSeconds = 1,
  events = [],
  preAlerts = [],
  pastDays = 0,
  folder = tmpdir(),
}: SimulatedDaemonOptions): Promise<SimulatedDaemon> => {
  const directory = await mkdtemp(join(folder, 'simulated-daemon-'));
  const mosquitto = await createMosquitto();
  const device = await mosquitto.authority.issueClient('1');
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(directory, name), text);
    return join(directory, name);
  };
  const configFile = await write(
    'gateway.yaml',
    JSON.stringify({
      station: { id: '1', name: 'UK-Worthing' },
      aws: {
        endpoint: 'localhost',
        port: mosquitto.port,
        certificate: await write('device.pem', device.certificate),
        privateKey: await write('device.key', device.privateKey),
        rootCa: await write('ca.pem', mosquitto.authority.certificate),
      },
      reporting: { intervalSeconds },
      outbox: { directory: join(directory, 'state') },
      sensors: { bme280: {}, windVane: {}, anemometer: { gpio: 5 }, rainGauge: { gpio: 6 } },
      preAlerts,
      http: { port: 0 },
    }),
  );
  if (pastDays > 0) await recordPastIn(join(directory, 'state'), { days: pastDays, intervalSeconds });
  const scenario = await write('scenario.yaml', JSON.stringify({ name: 'test', events }));
  const startedAtMs = performance.now();
  const child = spawn(
    process.execPath,
    [MAIN, 'run', '--simulate', '--scenario', scenario, '--config', configFile],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const url = await dashboardUrl(child);
  const startMs = performance.now() - startedAtMs;
  child.stdout.resume();
  return {
    url,
    startMs,
    pid: child.pid ?? 0,
    mosquitto,
    configFile,
    dispose: async () => {
      if (child.exitCode === null) {
        const exited = once(child, 'exit');
        child.kill('SIGTERM');
        await exited;
      }
      await mosquitto.dispose();
      await rm(directory, { recursive: true });
      return child.exitCode;
    },
  };
};
