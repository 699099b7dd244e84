import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readingMessage } from '../../src/message.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { createMosquitto, type Mosquitto } from '../system/mosquitto.ts';
import { appendReadings, closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { benchReading } from './bench-reading.ts';
import { connectRaw, type FlowControl, startStation } from './drain-station.ts';
import { atLeast, type Bench, type Figure, percentile } from './figure.ts';

const READINGS = 30_000;
/** At 100 messages a second, ten seconds of them. */
const SINGLE_READINGS = 1_000;
const BATCH_READINGS = 450;
const LATENCY_READINGS = 200;

const messageOf = (index: number): string => {
  const { at, ...rest } = benchReading(index);
  const identity = { deviceid: '1', epoch: '01JZZZZZZZZZZZZZZZZZZZZZZZ', seq: index + 1 };
  return JSON.stringify(
    readingMessage(identity, { at, ...rest }, { wallMs: at.wallMs, timequality: 'synced' }),
  );
};

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
    const readings = Array.from({ length: Math.min(BATCH_READINGS, READINGS - start) }, (_, index) =>
      messageOf(start + index),
    );
    payloads.push(`{"readings":[${readings.join(',')}]}`);
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

const figuresOf = (
  limited: Drained,
  others: { readonly raw: number; readonly singly: number },
): readonly Figure[] => {
  const ours = limited.readingsPerSecond;
  const unit = 'readings/s';
  return [
    {
      name: "backlog drained under IoT Core's limits",
      unit,
      ours,
      other: { name: 'raw SDK, the same batches from memory', value: others.raw },
      goal: atLeast('ratio', ours / others.raw, 0.9),
    },
    {
      name: "backlog drained under IoT Core's limits",
      unit,
      ours,
      other: { name: 'one reading a message', value: others.singly },
      goal: atLeast('ratio', ours / others.singly, 20),
    },
    {
      name: 'the same as a number',
      unit,
      ours,
      other: null,
      goal: atLeast('readings/s', ours, 2_000),
    },
    ...[0.5, 0.99].map((share) => ({
      name: `append to PUBACK, p${share * 100}, broker on the same machine`,
      unit: 'ms',
      ours: percentile(limited.latenciesMs, share),
      other: null,
      goal: null,
    })),
  ];
};

export const drain: Bench = {
  name: 'drain',
  measure: async () => {
    const broker = await createMosquitto();
    await broker.start();
    try {
      const limited = await drainOurs(broker, 'iot-core');
      const raw = await drainRaw(broker, 'iot-core');
      const singly = await drainSingly(broker);
      const unlimited = await drainOurs(broker, 'none');
      const rawUnlimited = await drainRaw(broker, 'none');
      return [
        ...figuresOf(limited, { raw, singly }),
        {
          name: 'backlog drained without limits',
          unit: 'readings/s',
          ours: unlimited.readingsPerSecond,
          other: { name: 'raw SDK, the same batches from memory', value: rawUnlimited },
          goal: null,
        },
      ];
    } finally {
      await broker.dispose();
    }
  },
};
