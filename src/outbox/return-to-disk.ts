import { StorageFullError } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import { type OutboxOptions, openOnDisk } from './open-outbox.ts';
import type { Outbox } from './outbox.ts';
import { recordLanes } from './records.ts';

const LOOK_EVERY_MS = 30_000;

/** There is room for the store again; a restart uses it. */
export class StoreIsBackError extends Error {
  constructor() {
    super('there is room for the store again: restarting to use it');
    this.name = 'StoreIsBackError';
  }
}

/** For an outbox that works in memory: rejects with `StoreIsBackError` once its store can be opened. */
export const awaitStore = async (
  options: OutboxOptions,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> => {
  for (;;) {
    await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      const { outbox, store } = await openOnDisk(options);
      await outbox.close();
      await store.close();
    } catch (error) {
      if (error instanceof StorageFullError) continue;
      throw error;
    }
    throw new StoreIsBackError();
  }
};

/** Stores what still waits in memory; it gets new names, as nothing of it was delivered under the old ones. */
export const handOver = async (memory: Outbox, options: OutboxOptions): Promise<void> => {
  const { outbox, store } = await openOnDisk(options);
  for (const lane of recordLanes) {
    for (;;) {
      const batch = await memory.take(lane, { maxRecords: 500, maxBytes: Number.POSITIVE_INFINITY });
      if (batch === null) break;
      await Promise.all(batch.records.map(({ body }) => outbox.append(lane, body)));
      await memory.accept(batch);
    }
  }
  await outbox.close();
  await store.close();
};
