import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../src/demo/demo.ts';
import { createMosquitto, type Mosquitto } from '../system/mosquitto.ts';

/** What a user might install instead, started as they would be beside a sensor. */
const folderOfPeers = fileURLToPath(new URL('peers/', import.meta.url));

export const installPeers = (): Promise<unknown> =>
  promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folderOfPeers });

/** A broker, not started yet, and a folder with a peer's credentials for it. */
export type Scene = { readonly broker: Mosquitto; readonly folder: string };

export const inScene = async <Result>(act: (scene: Scene) => Promise<Result>): Promise<Result> => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-peers-'));
  const broker = await createMosquitto();
  const client = await broker.authority.issueClient('peer');
  await writeFile(join(folder, 'ca.pem'), broker.authority.certificate);
  await writeFile(join(folder, 'client.pem'), client.certificate);
  await writeFile(join(folder, 'client.key'), client.privateKey);
  try {
    return await act({ broker, folder });
  } finally {
    await broker.dispose();
    await rm(folder, { recursive: true });
  }
};

/** Resolves once the child has said something; rejects when it ends instead. */
export const readyChild = async (args: readonly string[], cwd?: string): Promise<ChildProcess> => {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(cwd ? { cwd } : {}),
  });
  const ended = once(child, 'exit').then(([status]) => {
    throw new Error(`${args.join(' ')} ended with ${status}`);
  });
  await Promise.race([once(child.stdout, 'data'), ended]);
  child.stdout.resume();
  return child;
};

export const kill = async (child: ChildProcess): Promise<void> => {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
};

export const startMqttLevelStore = ({ folder, broker }: Scene, count: number): Promise<ChildProcess> =>
  readyChild(
    [join(folderOfPeers, 'mqtt-level-store.js'), folder, String(broker.port), String(count)],
    folderOfPeers,
  );

type Listening = { readonly port: number; readonly settings: readonly string[] };

const bridgeConfiguration = ({ broker, folder }: Scene, { port, settings }: Listening): string =>
  [
    ...settings,
    'user root',
    'persistence true',
    `persistence_location ${folder}/bridge/`,
    'max_queued_messages 0',
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'connection cloud',
    `address localhost:${broker.port}`,
    'topic weather/# out 1',
    'cleansession false',
    'restart_timeout 1',
    `bridge_cafile ${folder}/ca.pem`,
    `bridge_certfile ${folder}/client.pem`,
    `bridge_keyfile ${folder}/client.key`,
    '',
  ].join('\n');

export type Bridge = { readonly port: number; start(): Promise<ChildProcess> };

/** A broker beside the sensor that passes on what it is given, with persistence; `settings` come on top. */
export const createBridge = async (scene: Scene, settings: readonly string[] = []): Promise<Bridge> => {
  const port = await freePort();
  const path = join(scene.folder, 'bridge.conf');
  await mkdir(join(scene.folder, 'bridge'));
  await writeFile(path, bridgeConfiguration(scene, { port, settings }));
  return {
    port,
    start: async () => {
      const child = spawn('/usr/sbin/mosquitto', ['-c', path], { stdio: 'ignore' });
      await delay(1_000);
      return child;
    },
  };
};

const STARTS_WITHIN_MS = 120_000;

/** Node-RED without a flow; resolves with how long it took until it answered. */
export const startNodeRed = async ({
  folder,
}: Scene): Promise<{ readonly child: ChildProcess; readonly startMs: number }> => {
  const port = await freePort();
  const settings = join(folder, 'settings.cjs');
  await writeFile(settings, `module.exports = { uiHost: '127.0.0.1', uiPort: ${port} };\n`);
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    [
      join(folderOfPeers, 'node_modules/node-red/red.js'),
      '--settings',
      settings,
      '--userDir',
      join(folder, 'node-red'),
    ],
    { stdio: 'ignore' },
  );
  for (;;) {
    const isUp = await fetch(`http://127.0.0.1:${port}/`).then(
      ({ ok }) => ok,
      () => false,
    );
    const startMs = performance.now() - startedMs;
    if (isUp) return { child, startMs };
    if (child.exitCode !== null || startMs > STARTS_WITHIN_MS) throw new Error('Node-RED does not start');
    await delay(20);
  }
};
