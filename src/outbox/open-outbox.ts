import { join } from 'node:path';
import { ulid } from 'ulid';
import { giveUpReserve, keepReserve, unavailableStore } from '../store/full-disk.ts';
import { openUsableStore, type StoreLocation } from '../store/open-store.ts';
import { describeStoreReport, StorageFullError, type Store, type StoreReport } from '../store/store.ts';
import type { Clock } from '../time/clock.ts';
import { pause } from '../time/loops.ts';
import { findLedger } from './find-ledger.ts';
import { beginEpoch, emptyLedger, newestReading } from './ledger.ts';
import { Outbox, type OutboxParts } from './outbox.ts';
import type { TimeOf } from './records.ts';
import { type LedgerMark, noMark, openLedgerMark } from './stored-ledger.ts';
import { firstEpochKey, nextEpochKey } from './stored-record.ts';

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

/** Opens it on the disk, if need be at the price of the reserve, or resolves with why there is no room for it. */
const openWithReserve = async (
  options: OutboxOptions,
  epoch?: string,
): Promise<OpenedOutbox | StorageFullError> => {
  const open = (): Promise<OpenedOutbox | StorageFullError> =>
    openOnDisk(options, epoch).catch((error: unknown) => {
      if (error instanceof StorageFullError) return error;
      throw error;
    });
  const opened = await open();
  const isAgain = opened instanceof StorageFullError && (await giveUpReserve(options.directory));
  return isAgain ? open() : opened;
};

/**
 * Opens the outbox below a directory in a time that does not depend on how much waits in it. A reserve of room is given
 * up to open it on a full disk. Where that is not enough, it works in memory, and `report` says so.
 */
export const openOutbox = async (options: OutboxOptions): Promise<OpenedOutbox> => {
  const opened = await openWithReserve(options);
  if (!(opened instanceof StorageFullError)) return opened;
  const { directory, log, wallMs } = options;
  const store = unavailableStore(opened.message);
  const report: StoreReport = { outcome: 'unavailable', cause: opened.message };
  log.error({ ...report }, describeStoreReport(report) ?? '');
  const marked = markIn(directory).read();
  const ledger = {
    ...emptyLedger(firstEpochKey(ulid(wallMs()))),
    previous: marked === null ? null : newestReading(marked),
  };
  return { outbox: new Outbox({ ...options, store, mark: noMark }, ledger), store, report };
};

const markIn = (directory: string): LedgerMark => openLedgerMark(join(directory, 'high-water'));

/** Opens it, or rejects with `StorageFullError` where there is no room for that. */
const openOnDisk = async (options: OutboxOptions, epoch?: string): Promise<OpenedOutbox> => {
  const { directory, wallMs } = options;
  return await openUsableStore(options, async ({ store, report }) => {
    const outbox = await openOutboxOn(
      { ...options, store, mark: markIn(directory) },
      epoch ?? ulid(wallMs()),
    );
    await keepReserve(directory);
    return { outbox, store, report };
  });
};

/**
 * Opens the outbox on a store that is open, and begins an epoch: a name that this run gives to a reading was given by
 * no other, on whichever copy of the disk that ran. Nothing is written before the first change.
 */
export const openOutboxOn = async (parts: OutboxParts, epoch: string): Promise<Outbox> => {
  const { store, log, mark } = parts;
  const found = await findLedger(store, mark.read());
  if (found === null) return new Outbox(parts, emptyLedger(firstEpochKey(epoch)));
  const { ledger, doubt, leftovers } = found;
  if (doubt !== null) log.error({ doubt }, 'records of the outbox may be missing');
  const outbox = new Outbox(parts, beginEpoch(ledger, nextEpochKey(ledger.epoch, epoch)), leftovers);
  // What was deleted may be there again after damage.
  if (doubt !== null) await outbox.clear();
  return outbox;
};

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
    await pause(clock, LOOK_EVERY_MS, signal);
    if (signal.aborted) return;
    const opened = await openWithReserve(options);
    if (opened instanceof StorageFullError) continue;
    await closeOutbox(opened);
    throw new StoreIsBackError();
  }
};

/** Moves what an outbox in memory holds to the disk, each record under its own name, if there is room by now. */
export const handOver = async (memory: Outbox, options: OutboxOptions): Promise<void> => {
  const opened = await openWithReserve(options, memory.epoch);
  if (opened instanceof StorageFullError) return;
  await opened.outbox.takeOver(memory);
  await closeOutbox(opened);
};

export const closeOutbox = async ({ outbox, store }: OpenedOutbox): Promise<void> => {
  await outbox.close();
  await store.close();
};
