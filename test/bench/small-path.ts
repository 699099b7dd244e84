import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFaultProxy } from '../system/fault-proxy.ts';
import { createMosquitto, type Mosquitto } from '../system/mosquitto.ts';
import { appendReadings, closeBenchOutbox, openBenchOutbox } from './bench-outbox.ts';
import { startStation } from './drain-station.ts';
import { alone, atLeast, type Bench, type Figure } from './figure.ts';

const READINGS = 2_200;
const BYTES_PER_SECOND = 4_000;
/** Of one write; the handshake of a client with a certificate is smaller. */
const MAX_MESSAGE_BYTES = 3_000;
/** Of a reading in a backlog, comma included. */
const READING_BYTES = 264;

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
  const seconds = (performance.now() - startMs) / 1_000;
  await station.stop();
  await closeBenchOutbox(opened);
  await rm(directory, { recursive: true });
  return READINGS / seconds;
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
      const readingsPerSecond = await drainThrough({ ...broker, port: proxy.port });
      const share = readingsPerSecond / (BYTES_PER_SECOND / READING_BYTES);
      return [
        alone({
          name: `drained on a path of ${BYTES_PER_SECOND} bytes a second that swallows messages over ${MAX_MESSAGE_BYTES} bytes (${READINGS} readings)`,
          unit: 'readings/s',
          ours: readingsPerSecond,
          goal: atLeast('share of what the path carries', share, 0.9),
        }),
      ];
    } finally {
      await proxy.cut();
      await broker.dispose();
    }
  },
};
