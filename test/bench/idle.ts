import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { startSimulatedDaemon } from '../system/simulated-daemon.ts';
import { atMost, type Bench, type Figure } from './figure.ts';
import {
  createBridge,
  inScene,
  installPeers,
  kill,
  readyChild,
  type Scene,
  startMqttLevelStore,
  startNodeRed,
} from './peers.ts';
import { cpuSeconds, residentMegabytes } from './process-usage.ts';

// Everybody connected and doing what it does by itself, all at the same time: ours measures, stores and delivers
// a reading every 12 s and serves its dashboard, the others have nothing to do.
const SETTLE_MS = 30_000;
const MEASURE_MS = 120_000;
const SECONDS_PER_HOUR = 3_600;

type Usage = { readonly name: string; readonly megabytes: number; readonly cpuSecondsPerHour: number };

const measure = async (name: string, pid: number): Promise<Usage> => {
  const startMs = performance.now();
  const startSeconds = await cpuSeconds(pid);
  await delay(MEASURE_MS);
  const seconds = (performance.now() - startMs) / 1_000;
  return {
    name,
    megabytes: await residentMegabytes(pid),
    cpuSecondsPerHour: (((await cpuSeconds(pid)) - startSeconds) / seconds) * SECONDS_PER_HOUR,
  };
};

const isNode = (name: string): boolean => !name.includes('mosquitto');

const memoryGoal = (own: Usage, other: Usage): Figure['goal'] => {
  if (other.name === BARE) return atMost('ratio', own.megabytes / other.megabytes, 1.3);
  if (!isNode(other.name)) return null;
  return { text: 'below every Node peer', isReached: own.megabytes < other.megabytes };
};

const BARE = 'a bare process with the same packages';

const figuresOf = (own: Usage, others: readonly Usage[]): readonly Figure[] =>
  others.flatMap((other): readonly Figure[] => [
    {
      name: `resident memory, idle, beside ${other.name}`,
      unit: 'MB',
      ours: own.megabytes,
      other: { name: other.name, value: other.megabytes },
      goal: memoryGoal(own, other),
    },
    {
      name: `CPU in an hour, idle, beside ${other.name}`,
      unit: 's',
      ours: own.cpuSecondsPerHour,
      other: { name: other.name, value: other.cpuSecondsPerHour },
      goal: null,
    },
  ]);

const measureBeside = async (scene: Scene): Promise<readonly Figure[]> => {
  const children: ChildProcess[] = [];
  const keep = (child: ChildProcess): number => {
    children.push(child);
    return child.pid ?? 0;
  };
  const startedMs = performance.now();
  const daemon = await startSimulatedDaemon({ intervalSeconds: 12 });
  const startMs = performance.now() - startedMs;
  try {
    await daemon.mosquitto.start();
    await scene.broker.start();
    const nodeRed = await startNodeRed(scene);
    const pids: readonly (readonly [string, number])[] = [
      [BARE, keep(await readyChild([new URL('bare-process.js', import.meta.url).pathname]))],
      ['MQTT.js with mqtt-level-store', keep(await startMqttLevelStore(scene, 0))],
      ['Node-RED without a flow', keep(nodeRed.child)],
      ['mosquitto as a bridge', keep(await (await createBridge(scene)).start())],
    ];
    await delay(SETTLE_MS);
    const [own, ...others] = await Promise.all([
      measure('ours', daemon.pid),
      ...pids.map(([name, pid]) => measure(name, pid)),
    ]);
    return [
      ...figuresOf(own, others),
      {
        name: 'start until it answers over HTTP',
        unit: 'ms',
        ours: startMs,
        other: { name: 'Node-RED without a flow', value: nodeRed.startMs },
        goal: null,
      },
    ];
  } finally {
    await Promise.all(children.map(kill));
    await daemon.dispose();
  }
};

/** Needs `npm run build`. */
export const idle: Bench = {
  name: 'idle',
  measure: async () => {
    await installPeers();
    return await inScene(measureBeside);
  },
};
