import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connectAsync, type MqttClient } from 'mqtt';
import { z } from 'zod';
import { freePort } from '../../src/demo/free-port.ts';
import { createMosquitto, type Mosquitto } from '../system/mosquitto.ts';
import { closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { startStation } from './drain-station.ts';
import type { Bench, Figure } from './figure.ts';

// A number of readings while the broker is away, kill -9, a new start, the broker comes back: what arrives?
const READINGS = 1_000;
const SETTLE_MS = 10_000;

const peers = new URL('peers/', import.meta.url).pathname;
const messageSchema = z.union([
  z.object({ seq: z.int() }).transform(({ seq }) => [seq]),
  z
    .object({ readings: z.array(z.object({ seq: z.int() })) })
    .transform(({ readings }) => readings.map(({ seq }) => seq)),
]);

type Scene = { readonly broker: Mosquitto; readonly folder: string };

/** Counts the different readings that reach the broker until none has for a while. */
const countArriving = async (
  { broker }: Scene,
  deliver: () => Promise<() => Promise<void>>,
): Promise<number> => {
  const arrived = new Set<number>();
  const own = await broker.authority.issueClient('receiver');
  await broker.start();
  const receiver: MqttClient = await connectAsync({
    host: 'localhost',
    port: broker.port,
    protocol: 'mqtts',
    ca: broker.authority.certificate,
    cert: own.certificate,
    key: own.privateKey,
    clientId: 'receiver',
  });
  let lastMs = Date.now();
  receiver.on('message', (_, payload) => {
    const parsed = messageSchema.safeParse(JSON.parse(payload.toString()));
    for (const seq of parsed.data ?? []) arrived.add(seq);
    lastMs = Date.now();
  });
  await receiver.subscribeAsync('weather/#', { qos: 1 });
  const stop = await deliver();
  while (arrived.size < READINGS && Date.now() - lastMs < SETTLE_MS) await delay(100);
  await stop();
  await receiver.endAsync(true);
  await broker.stop();
  return arrived.size;
};

const readyChild = async (args: readonly string[], cwd?: string): Promise<ChildProcess> => {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(cwd ? { cwd } : {}),
  });
  await once(child.stdout, 'data');
  return child;
};

const kill = async (child: ChildProcess): Promise<void> => {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
};

const ours = async (scene: Scene): Promise<number> => {
  const directory = join(scene.folder, 'ours');
  const script = new URL('loss-child.ts', import.meta.url).pathname;
  await kill(await readyChild(['--import', 'tsx', script, directory, String(READINGS)]));
  return await countArriving(scene, async () => {
    const opened = await openBenchOutbox(directory);
    const station = await startStation(scene.broker, opened.outbox, {
      flowControl: 'iot-core',
      onAcknowledged: () => undefined,
    });
    return async () => {
      await station.stop();
      await closeBenchOutbox(opened);
    };
  });
};

const mqttLevelStore = async (scene: Scene): Promise<number> => {
  const args = (count: number) => [
    join(peers, 'mqtt-level-store.js'),
    scene.folder,
    String(scene.broker.port),
    String(count),
  ];
  await kill(await readyChild(args(READINGS), peers));
  return await countArriving(scene, async () => {
    const child = await readyChild(args(0), peers);
    return () => kill(child);
  });
};

const bridgeConfiguration = ({ broker, folder }: Scene, port: number): string =>
  [
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

const mosquittoBridge = async (scene: Scene): Promise<number> => {
  const port = await freePort();
  const path = join(scene.folder, 'bridge.conf');
  await mkdir(join(scene.folder, 'bridge'));
  await writeFile(path, bridgeConfiguration(scene, port));
  const start = async (): Promise<ChildProcess> => {
    const child = spawn('/usr/sbin/mosquitto', ['-c', path], { stdio: 'ignore' });
    await delay(1_000);
    return child;
  };
  const bridge = await start();
  const publisher = await connectAsync({ host: '127.0.0.1', port, clientId: 'station' });
  await Promise.all(
    Array.from({ length: READINGS }, (_, index) =>
      publisher.publishAsync('weather/bridge/reading', JSON.stringify({ seq: index + 1 }), { qos: 1 }),
    ),
  );
  await publisher.endAsync(true);
  await kill(bridge);
  return await countArriving(scene, async () => {
    const again = await start();
    return () => kill(again);
  });
};

const inScene = async (act: (scene: Scene) => Promise<number>): Promise<number> => {
  const folder = await mkdtemp(join(tmpdir(), 'bench-loss-'));
  const broker = await createMosquitto();
  const client = await broker.authority.issueClient('peer');
  await writeFile(join(folder, 'ca.pem'), broker.authority.certificate);
  await writeFile(join(folder, 'client.pem'), client.certificate);
  await writeFile(join(folder, 'client.key'), client.privateKey);
  try {
    return READINGS - (await act({ broker, folder }));
  } finally {
    await broker.dispose();
    await rm(folder, { recursive: true });
  }
};

export const loss: Bench = {
  name: 'loss',
  measure: async () => {
    await promisify(execFile)('npm', ['ci', '--no-audit', '--no-fund'], { cwd: peers });
    const lost = await inScene(ours);
    const peersLost: readonly (readonly [string, number])[] = [
      ['MQTT.js with mqtt-level-store', await inScene(mqttLevelStore)],
      ['mosquitto bridge with persistence', await inScene(mosquittoBridge)],
    ];
    return peersLost.map(
      ([name, value]): Figure => ({
        name: `lost of ${READINGS} taken offline, then kill -9`,
        unit: 'readings',
        ours: lost,
        other: { name, value },
        goal: { text: 'ours 0', isReached: lost === 0 },
      }),
    );
  },
};
