import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { runChild } from './child.ts';
import { type Bench, beside, type Figure } from './figure.ts';

const READINGS = 300;
const PAUSE_MS = 40;
const READINGS_PER_DAY = 86_400 / 12;

const writesSchema = z.object({ bytes: z.number(), logicalBytes: z.number() });

const measureWrites = async (isDelivered: boolean): Promise<Figure> => {
  // A file system in memory, as /tmp may be, counts nothing.
  const directory = await mkdtemp(join(process.cwd(), 'bench-writes-'));
  const { bytes, logicalBytes } = writesSchema.parse(
    await runChild('disk-writes-child.ts', [
      directory,
      String(READINGS),
      String(PAUSE_MS),
      isDelivered ? 'delivered' : 'kept',
    ]),
  );
  await rm(directory, { recursive: true });
  const perDay = (total: number): number => ((total / READINGS) * READINGS_PER_DAY) / 1e6;
  return beside({
    name: `written to the disk a day at 12 s, ${isDelivered ? 'delivered at once' : 'offline'} (${Math.round(bytes / READINGS)} bytes a reading)`,
    unit: 'MB/day',
    ours: [perDay(bytes)],
    other: { name: 'keys and values alone', values: [perDay(logicalBytes)] },
  });
};

export const diskWrites: Bench = {
  name: 'disk-writes',
  measure: async () => [await measureWrites(true), await measureWrites(false)],
};
