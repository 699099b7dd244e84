import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PublishResult } from '../../src/mqtt/publisher.ts';
import { createFaultProxy } from '../system/fault-proxy.ts';
import { createMosquitto, type Mosquitto } from '../system/mosquitto.ts';
import { appendReadings, closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { backlogOf, connectRaw, startStation } from './drain-station.ts';
import { atLeast, type Bench, beside, type Figure } from './figure.ts';

const READINGS = 2_200;
const BYTES_PER_SECOND = 4_000;
/** Of one write; the handshake of a client with a certificate is smaller. */
const MAX_MESSAGE_BYTES = 3_000;
/** As many as a message that passes can carry: 2,900 bytes with what MQTT and TLS add. */
const RAW_BATCH_READINGS = 10;
const RAW_READINGS = 300;

const rate = (count: number, startMs: number): number => (count / (performance.now() - startMs)) * 1_000;

/** Until nothing waits, learning what the path carries included; readings a second. */
const drainThrough = async (broker: Mosquitto): Promise<number> => {
  const directory = await mkdtemp(join(tmpdir(), 'bench-small-path-'));
  const opened = await openBenchOutbox(directory);
  await appendReadings(opened.outbox, READINGS, 1_000);
  let check = (): void => undefined;
  const drained = new Promise<void>((resolve) => {
    check = () => {
      if (opened.outbox.stats().lanes.reading.waiting === 0) resolve();
    };
  });
  const startMs = performance.now();
  const station = await startStation(broker, opened.outbox, {
    flowControl: 'iot-core',
    onAcknowledged: () => check(),
  });
  await drained;
  const readingsPerSecond = rate(READINGS, startMs);
  await station.stop();
  await closeBenchOutbox(opened);
  await rm(directory, { recursive: true });
  return readingsPerSecond;
};

const expectTaken = async (publishing: Promise<PublishResult>): Promise<void> => {
  const { kind } = await publishing;
  if (kind !== 'acknowledged') throw new Error(`the raw connection: ${kind}`);
};

/** What the path carries, for somebody who knows it: messages that just pass, one after the other. */
const carriedBy = async (broker: Mosquitto): Promise<number> => {
  const connection = await connectRaw(broker, 'iot-core');
  const startMs = performance.now();
  for (let first = 0; first < RAW_READINGS; first += RAW_BATCH_READINGS)
    await expectTaken(connection.publish('weather/raw/backlog', backlogOf(first, RAW_BATCH_READINGS)));
  const readingsPerSecond = rate(RAW_READINGS, startMs);
  await connection.close();
  return readingsPerSecond;
};

/** A backlog on a path of 4 KB/s that swallows large messages. */
export const smallPath: Bench = {
  name: 'small-path',
  measure: async (): Promise<readonly Figure[]> => {
    const broker = await createMosquitto();
    await broker.start();
    const proxy = await createFaultProxy();
    await proxy.open(broker.port, BYTES_PER_SECOND, MAX_MESSAGE_BYTES);
    try {
      const path = { ...broker, port: proxy.port };
      const raw = await carriedBy(path);
      return [
        beside({
          name: `drained on a path of ${BYTES_PER_SECOND} bytes a second that swallows messages over ${MAX_MESSAGE_BYTES} bytes (${READINGS} readings)`,
          unit: 'readings/s',
          ours: [await drainThrough(path)],
          other: { name: 'raw SDK, messages that just pass', values: [raw] },
          goal: (ratio) => atLeast('ratio', ratio, 0.9),
        }),
      ];
    } finally {
      await proxy.cut();
      await broker.dispose();
    }
  },
};
