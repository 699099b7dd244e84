import { join } from 'node:path';
import { ulid } from 'ulid';
import { giveUpReserve, keepReserve, unavailableStore } from '../store/full-disk.ts';
import { openUsableStore } from '../store/open-store.ts';
import type { StoreLocation } from '../store/recovery.ts';
import { describeStoreReport, StorageFullError, type Store, type StoreReport } from '../store/store.ts';
import { findLedger } from './find-ledger.ts';
import type { TimeOf } from './gap.ts';
import { beginEpoch, emptyLedger } from './ledger.ts';
import { type LedgerMark, openLedgerMark } from './ledger-mark.ts';
import { Outbox, type OutboxParts } from './outbox.ts';
import { firstEpochKey } from './record-key.ts';
import { removeLegacyGaps } from './stored-ledger.ts';

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

/**
 * Opens the outbox below a directory in a time that does not depend on how much waits in it. A reserve of room is given
 * up to open it on a full disk. Where that is not enough, it works in memory, and `report` says so.
 */
export const openOutbox = async (options: OutboxOptions): Promise<OpenedOutbox> => {
  const { directory, log } = options;
  const open = async (): Promise<OpenedOutbox | StorageFullError> =>
    openOnDisk(options).catch((error: unknown) => {
      if (error instanceof StorageFullError) return error;
      throw error;
    });
  let opened = await open();
  if (opened instanceof StorageFullError && (await giveUpReserve(directory))) opened = await open();
  if (!(opened instanceof StorageFullError)) return opened;
  const store = unavailableStore(opened.message);
  const report: StoreReport = { outcome: 'unavailable', cause: opened.message };
  log.error({ ...report }, describeStoreReport(report) ?? '');
  return { outbox: await openOutboxOn({ ...options, store, mark: noMark }), store, report };
};

const noMark: LedgerMark = { read: () => null, note: () => undefined, close: () => undefined };

/** Opens it, or rejects with `StorageFullError` where there is no room for that. */
export const openOnDisk = async (options: OutboxOptions): Promise<OpenedOutbox> => {
  const mark = openLedgerMark(join(options.directory, 'high-water'));
  return await openUsableStore(options, async ({ store, report }) => {
    const outbox = await openOutboxOn({ ...options, store, mark });
    await keepReserve(options.directory);
    return { outbox, store, report };
  });
};

export type OutboxOnStoreOptions = OutboxParts & { readonly wallMs: () => number };

/**
 * Opens the outbox on a store that is open, and begins an epoch: a name that this run gives to a reading was given by
 * no other, on whichever copy of the disk that ran. Nothing is written before the first change.
 */
export const openOutboxOn = async (options: OutboxOnStoreOptions): Promise<Outbox> => {
  const { store, log, wallMs, mark } = options;
  const found = await findLedger(store, mark.read());
  await removeLegacyGaps(store);
  const epoch = ulid(wallMs());
  if (found === null) return new Outbox(options, emptyLedger(firstEpochKey(epoch)));
  if (found.doubt !== null) log.error({ doubt: found.doubt }, 'records of the outbox may be missing');
  return new Outbox(options, beginEpoch(found.ledger, epoch));
};
