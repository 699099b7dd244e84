import type { ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startSimulatedDaemon } from '../system/simulated-daemon.ts';
import { atMost, type Bench, beside, type Figure, type Goal } from './figure.ts';
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
const ROUNDS = 3;
const ROUND_MS = 40_000;
const SECONDS_PER_HOUR = 3_600;

/** One value a round. */
type Usage = {
  readonly name: string;
  readonly megabytes: readonly number[];
  readonly cpuSecondsPerHour: readonly number[];
};

const measure = async (name: string, pid: number): Promise<Usage> => {
  const megabytes: number[] = [];
  const cpuSecondsPerHour: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const startMs = performance.now();
    const startSeconds = await cpuSeconds(pid);
    await delay(ROUND_MS);
    const seconds = (performance.now() - startMs) / 1_000;
    megabytes.push(await residentMegabytes(pid));
    cpuSecondsPerHour.push((((await cpuSeconds(pid)) - startSeconds) / seconds) * SECONDS_PER_HOUR);
  }
  return { name, megabytes, cpuSecondsPerHour };
};

const NODE_RED = 'Node-RED without a flow';
const BARE = 'a bare process with the same packages';

const isNode = (name: string): boolean => !name.includes('mosquitto');

const memoryGoal = (name: string): ((ratio: number) => Goal) | null => {
  if (name === BARE) return (ratio) => atMost('ratio', ratio, 1.3);
  return isNode(name) ? (ratio) => ({ text: 'below every Node peer', isReached: ratio < 1 }) : null;
};

const figuresOf = (own: Usage, others: readonly Usage[]): readonly Figure[] =>
  others.flatMap((other): readonly Figure[] => {
    const goal = memoryGoal(other.name);
    return [
      beside({
        name: 'resident memory, idle',
        unit: 'MB',
        ours: own.megabytes,
        other: { name: other.name, values: other.megabytes },
        ...(goal === null ? {} : { goal }),
      }),
      beside({
        name: 'CPU in an hour, idle',
        unit: 's',
        ours: own.cpuSecondsPerHour,
        other: { name: other.name, values: other.cpuSecondsPerHour },
      }),
    ];
  });

const measureBeside = async (scene: Scene): Promise<readonly Figure[]> => {
  const children: ChildProcess[] = [];
  const keep = (child: ChildProcess): number => {
    children.push(child);
    return child.pid ?? 0;
  };
  const daemon = await startSimulatedDaemon({ intervalSeconds: 12 });
  try {
    await daemon.mosquitto.start();
    await scene.broker.start();
    const nodeRed = await startNodeRed(scene);
    const pids: readonly (readonly [string, number])[] = [
      [BARE, keep(await readyChild([fileURLToPath(new URL('bare-process.js', import.meta.url))]))],
      ['MQTT.js with mqtt-level-store', keep(await startMqttLevelStore(scene, 0))],
      [NODE_RED, keep(nodeRed.child)],
      ['mosquitto as a bridge', keep(await (await createBridge(scene)).start())],
    ];
    await delay(SETTLE_MS);
    const [own, ...others] = await Promise.all([
      measure('ours', daemon.pid),
      ...pids.map(([name, pid]) => measure(name, pid)),
    ]);
    return [
      ...figuresOf(own, others),
      beside({
        name: 'start until it serves HTTP',
        unit: 'ms',
        ours: [daemon.startMs],
        other: { name: NODE_RED, values: [nodeRed.startMs] },
      }),
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
