import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processWrittenBytes } from '../../src/store/write-budget.ts';
import { type SimulatedDaemon, startSimulatedDaemon } from '../system/simulated-daemon.ts';
import { alone, type Bench, type Figure } from './figure.ts';

// The built daemon at its true pace: at a faster one many changes of a page would reach the disk as one.
const INTERVAL_SECONDS = 12;
const READINGS = 50;
const SETTLE_MS = 30_000;
const READINGS_PER_DAY = 86_400 / INTERVAL_SECONDS;

const writtenBytes = ({ pid }: SimulatedDaemon): number =>
  processWrittenBytes(() => {
    throw new Error('the kernel does not count writes here');
  }, `/proc/${pid}/io`);

const measure = async (folder: string, isOnline: boolean): Promise<Figure> => {
  const daemon = await startSimulatedDaemon({ intervalSeconds: INTERVAL_SECONDS, folder });
  try {
    if (isOnline) await daemon.mosquitto.start();
    await delay(SETTLE_MS);
    const before = writtenBytes(daemon);
    await delay(READINGS * INTERVAL_SECONDS * 1_000);
    const perReading = (writtenBytes(daemon) - before) / READINGS;
    if (perReading === 0) throw new Error(`${folder} is on no disk`);
    return alone({
      name:
        `written to the disk a day, a reading in ${INTERVAL_SECONDS} s, ${isOnline ? 'delivered at once' : 'offline'} ` +
        `(${Math.round(perReading)} bytes a reading)`,
      unit: 'MB',
      ours: (perReading * READINGS_PER_DAY) / 1e6,
    });
  } finally {
    await daemon.dispose();
  }
};

/** Needs `npm run build`. */
export const diskWrites: Bench = {
  name: 'disk-writes',
  measure: async () => {
    // A file system in memory, as /tmp may be, counts nothing.
    const folder = await mkdtemp(join(process.cwd(), 'bench-writes-'));
    try {
      return await Promise.all([measure(folder, true), measure(folder, false)]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};
