import { join } from 'node:path';
import { ulid } from 'ulid';
import { openUsableStore } from '../store/open-store.ts';
import type { StoreLocation } from '../store/recovery.ts';
import type { Store } from '../store/store.ts';
import type { StoreReport } from '../store/store-report.ts';
import { findLedger } from './find-ledger.ts';
import type { TimeOf } from './gap.ts';
import { beginEpoch, emptyLedger } from './ledger.ts';
import { openLedgerMark } from './ledger-mark.ts';
import { removeLegacyGaps } from './legacy-gaps.ts';
import { Outbox, type OutboxParts } from './outbox.ts';
import { firstEpochKey } from './record-key.ts';

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
  const mark = openLedgerMark(join(options.directory, 'high-water'));
  return await openUsableStore(options, async ({ store, report }) => {
    const outbox = await openOutboxOn({ ...options, store, mark });
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
