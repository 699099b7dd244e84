import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { connectAsync, type MqttClient } from 'mqtt';
import { z } from 'zod';
import { closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { startStation } from './drain-station.ts';
import { type Bench, beside, type Figure } from './figure.ts';
import {
  createBridge,
  inScene,
  installPeers,
  kill,
  readyChild,
  type Scene,
  startMqttLevelStore,
} from './peers.ts';

// A number of readings while the broker is away, kill -9, a new start, the broker comes back: what arrives?
const READINGS = 1_000;
const SETTLE_MS = 10_000;

const messageSchema = z.union([
  z.object({ seq: z.int() }).transform(({ seq }) => [seq]),
  z
    .object({ readings: z.array(z.object({ seq: z.int() })) })
    .transform(({ readings }) => readings.map(({ seq }) => seq)),
]);

type Arrived = { readonly lost: number; readonly lastAfterMs: number };

/** Counts the different readings that reach the broker until none has for a while. */
const countArriving = async (
  { broker }: Scene,
  deliver: () => Promise<() => Promise<void>>,
): Promise<Arrived> => {
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
  const startMs = Date.now();
  lastMs = startMs;
  const stop = await deliver();
  while (arrived.size < READINGS && Date.now() - lastMs < SETTLE_MS) await delay(100);
  await stop();
  await receiver.endAsync(true);
  await broker.stop();
  return { lost: READINGS - arrived.size, lastAfterMs: lastMs - startMs };
};

const ours = async (scene: Scene): Promise<Arrived> => {
  const directory = join(scene.folder, 'ours');
  const script = fileURLToPath(new URL('loss-child.ts', import.meta.url));
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

const mqttLevelStore = async (scene: Scene): Promise<Arrived> => {
  await kill(await startMqttLevelStore(scene, READINGS));
  return await countArriving(scene, async () => {
    const child = await startMqttLevelStore(scene, 0);
    return () => kill(child);
  });
};

const mosquittoBridge = async (scene: Scene, settings: readonly string[]): Promise<Arrived> => {
  const { port, start } = await createBridge(scene, settings);
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

const SAVE_EVERY_CHANGE = ['autosave_on_changes true', 'autosave_interval 1'];

const peers: readonly (readonly [name: string, play: (scene: Scene) => Promise<Arrived>])[] = [
  ['MQTT.js with mqtt-level-store', mqttLevelStore],
  ['mosquitto bridge with persistence', (scene) => mosquittoBridge(scene, [])],
  ['mosquitto bridge that saves at every change', (scene) => mosquittoBridge(scene, SAVE_EVERY_CHANGE)],
];

const figuresOf = (own: Arrived, [name, other]: readonly [string, Arrived]): readonly Figure[] => [
  beside({
    name: `lost of ${READINGS} taken offline, then kill -9`,
    unit: 'readings',
    ours: [own.lost],
    other: { name, values: [other.lost] },
    goal: () => ({ text: 'ours 0', isReached: own.lost === 0 }),
  }),
  // Whoever has lost them is soon done.
  ...(other.lost > 0
    ? []
    : [
        beside({
          name: `all ${READINGS} delivered after the new start`,
          unit: 'ms',
          ours: [own.lastAfterMs],
          other: { name, values: [other.lastAfterMs] },
        }),
      ]),
];

export const loss: Bench = {
  name: 'loss',
  measure: async () => {
    await installPeers();
    const own = await inScene(ours);
    const figures: Figure[] = [];
    for (const [name, play] of peers) figures.push(...figuresOf(own, [name, await inScene(play)]));
    return figures;
  },
};
