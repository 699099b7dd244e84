import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { createMosquitto, type Mosquitto } from '../system/mosquitto.ts';
import { appendReadings, closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { benchReading } from './bench-reading.ts';
import { backlogOf, connectRaw, type FlowControl, messageOf, startStation } from './drain-station.ts';
import { alone, atLeast, type Bench, beside, type Figure, median, percentile } from './figure.ts';

const ROUNDS = 3;
const READINGS = 30_000;
/** At 100 messages a second, ten seconds of them. */
const SINGLE_READINGS = 1_000;
const BATCH_READINGS = 450;
const LATENCY_READINGS = 200;

const rate = (count: number, startMs: number): number => (count / (performance.now() - startMs)) * 1_000;

type Drained = { readonly readingsPerSecond: number; readonly latenciesMs: readonly number[] };

/** From one reading's append to its PUBACK, one after the other on an idle link. */
const measureLatency = async (
  outbox: Outbox,
  notify: () => void,
  nextAcknowledged: () => Promise<void>,
): Promise<readonly number[]> => {
  const latencies: number[] = [];
  for (let index = 0; index < LATENCY_READINGS; index += 1) {
    const startMs = performance.now();
    const acknowledged = nextAcknowledged();
    await outbox.append('reading', benchReading(index));
    notify();
    await acknowledged;
    latencies.push(performance.now() - startMs);
  }
  return latencies;
};

const drainOurs = async (broker: Mosquitto, flowControl: FlowControl): Promise<Drained> => {
  const directory = await mkdtemp(join(tmpdir(), 'bench-drain-'));
  const opened = await openBenchOutbox(directory);
  await appendReadings(opened.outbox, READINGS, 1_000);
  let firstMs = 0;
  let wake = (): void => undefined;
  const drained = new Promise<number>((resolve) => {
    wake = () => {
      if (firstMs === 0) firstMs = performance.now();
      if (opened.outbox.stats().lanes.reading.waiting === 0) resolve(rate(READINGS, firstMs));
    };
  });
  const startMs = performance.now();
  const station = await startStation(broker, opened.outbox, { flowControl, onAcknowledged: () => wake() });
  firstMs = startMs;
  const readingsPerSecond = await drained;
  const latenciesMs = await measureLatency(
    opened.outbox,
    () => station.uplink.notify(),
    () =>
      new Promise((resolve) => {
        wake = resolve;
      }),
  );
  await station.stop();
  await closeBenchOutbox(opened);
  await rm(directory, { recursive: true });
  return { readingsPerSecond, latenciesMs };
};

/** The same messages from memory, each sent when the one before is acknowledged. */
const drainRaw = async (broker: Mosquitto, flowControl: FlowControl): Promise<number> => {
  const payloads: string[] = [];
  for (let start = 0; start < READINGS; start += BATCH_READINGS) {
    payloads.push(backlogOf(start, Math.min(BATCH_READINGS, READINGS - start)));
  }
  const startMs = performance.now();
  const connection = await connectRaw(broker, flowControl);
  for (const payload of payloads) await connection.publish('weather/raw/backlog', payload);
  const readingsPerSecond = rate(READINGS, startMs);
  await connection.close();
  return readingsPerSecond;
};

const drainSingly = async (broker: Mosquitto): Promise<number> => {
  const connection = await connectRaw(broker, 'iot-core');
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: SINGLE_READINGS }, (_, index) =>
      connection.publish('weather/raw/reading', messageOf(index)),
    ),
  );
  const readingsPerSecond = rate(SINGLE_READINGS, startMs);
  await connection.close();
  return readingsPerSecond;
};

type Round = {
  readonly limited: Drained;
  readonly raw: number;
  readonly singly: number;
  readonly unlimited: Drained;
  readonly rawUnlimited: number;
};

const LIMITED = "backlog drained under IoT Core's limits";
const RAW = 'raw SDK, the same batches from memory';
const unit = 'readings/s';

const figuresOf = (rounds: readonly Round[]): readonly Figure[] => {
  const ours = rounds.map(({ limited }) => limited.readingsPerSecond);
  const latenciesMs = rounds.flatMap(({ limited }) => limited.latenciesMs);
  return [
    beside({
      ...{ name: LIMITED, unit, ours },
      other: { name: RAW, values: rounds.map(({ raw }) => raw) },
      goal: (ratio) => atLeast('ratio', ratio, 0.9),
    }),
    beside({
      ...{ name: LIMITED, unit, ours },
      other: { name: 'one reading a message', values: rounds.map(({ singly }) => singly) },
      goal: (ratio) => atLeast('ratio', ratio, 20),
    }),
    alone({
      name: 'the same as a number',
      unit,
      ours: median(ours),
      goal: atLeast('readings/s', median(ours), 2_000),
    }),
    ...[0.5, 0.99].map((share) =>
      alone({
        name: `append to PUBACK, p${share * 100}, broker on the same machine`,
        unit: 'ms',
        ours: percentile(latenciesMs, share),
      }),
    ),
    beside({
      name: 'backlog drained without limits',
      unit,
      ours: rounds.map(({ unlimited }) => unlimited.readingsPerSecond),
      other: { name: RAW, values: rounds.map(({ rawUnlimited }) => rawUnlimited) },
    }),
  ];
};

export const drain: Bench = {
  name: 'drain',
  measure: async () => {
    const broker = await createMosquitto();
    await broker.start();
    try {
      const rounds: Round[] = [];
      for (let round = 0; round < ROUNDS; round += 1)
        rounds.push({
          limited: await drainOurs(broker, 'iot-core'),
          raw: await drainRaw(broker, 'iot-core'),
          singly: await drainSingly(broker),
          unlimited: await drainOurs(broker, 'none'),
          rawUnlimited: await drainRaw(broker, 'none'),
        });
      return figuresOf(rounds);
    } finally {
      await broker.dispose();
    }
  },
};
