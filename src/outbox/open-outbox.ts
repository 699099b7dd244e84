import { join } from 'node:path';
import { ulid } from 'ulid';
import { openUsableStore } from '../store/open-store.ts';
import type { StoreLocation } from '../store/recovery.ts';
import type { Store } from '../store/store.ts';
import type { StoreReport } from '../store/store-report.ts';
import { findLedger } from './find-ledger.ts';
import type { TimeOf } from './gap.ts';
import { highWaterOf, openHighWaterFile } from './high-water.ts';
import type { Outbox } from './outbox.ts';
import { StoreOutbox, type StoreOutboxParts } from './store-outbox.ts';

export type OutboxOptions = StoreLocation & {
  /** Of all lanes together, each record with its key. */
  readonly maxBytes: number;
  readonly timeOf: TimeOf;
};

export type OpenedOutbox = {
  readonly outbox: Outbox;
  /** The same store for what else must outlive the process; close the outbox first. */
  readonly store: Store;
  readonly report: StoreReport;
};

/** Opens the outbox below a directory in a time that does not depend on how much waits in it. */
export const openOutbox = async (options: OutboxOptions): Promise<OpenedOutbox> => {
  const highWaterMark = openHighWaterFile(join(options.directory, 'high-water'));
  return await openUsableStore(options, async ({ store, report }) => {
    const outbox = await openOutboxOn({ ...options, store, report, highWaterMark });
    return { outbox, store, report };
  });
};

export type OutboxOnStoreOptions = StoreOutboxParts & {
  readonly report: StoreReport;
  readonly wallMs: () => number;
};

/** Opens the outbox on a store that is open; a store that was damaged gets a new epoch. */
export const openOutboxOn = async (options: OutboxOnStoreOptions): Promise<Outbox> => {
  const { store, report, log, wallMs, highWaterMark } = options;
  const { ledger, doubt } = await findLedger(store, {
    isInDoubt: report.outcome !== 'whole',
    highWater: highWaterMark.read(),
    newEpoch: () => ulid(wallMs()),
  });
  if (doubt !== null) log.error({ epoch: ledger.epoch, doubt }, 'the outbox begins a new epoch');
  highWaterMark.note(highWaterOf(ledger));
  return new StoreOutbox(options, ledger);
};
