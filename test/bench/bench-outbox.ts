import { type OpenedOutbox, openOutbox } from '../../src/outbox/open-outbox.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { benchReading, noTime } from './bench-reading.ts';

export const openBenchOutbox = (directory: string): Promise<OpenedOutbox> =>
  openOutbox({
    directory,
    log: createRecordingLog(),
    maxBytes: 4_000_000_000,
    timeOf: noTime,
    wallMs: Date.now,
  });

export const closeBenchOutbox = async ({ outbox, store }: OpenedOutbox): Promise<void> => {
  await outbox.close();
  await store.close();
};

/** Appends in groups that are as large as given, one group after the other. */
export const appendReadings = async (outbox: Outbox, count: number, groupSize: number): Promise<void> => {
  for (let start = 0; start < count; start += groupSize)
    await Promise.all(
      Array.from({ length: Math.min(groupSize, count - start) }, (_, index) =>
        outbox.append('reading', benchReading(start + index)),
      ),
    );
};
