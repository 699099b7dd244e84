import type { Store } from '../store/store.ts';
import { type Batch, scanLane } from './batch.ts';
import { type Ledger, waitingBytes } from './ledger.ts';
import { recordLanes } from './records.ts';
import { recordBytes } from './stored-record.ts';
import type { Transaction } from './transaction.ts';

const SCAN_RECORDS = 256;

/** Freed beyond need, so that a full outbox does not evict at every append. */
const SLACK_BYTES = 65_536;
const SLACK_SHARE = 0.01;

/** As many of the oldest records as free what is wanted. */
const oldestOf = (batch: Batch, wantedBytes: number): Batch => {
  let freed = 0;
  const count = batch.records.findIndex(({ bytes }) => {
    freed += bytes + recordBytes('');
    return freed >= wantedBytes;
  });
  return count === -1 ? batch : batch.first(count + 1);
};

/**
 * Drops the oldest readings, then the oldest pre-alerts, until the outbox is within its bound again.
 * Resolves with how many records that were; what is not yet on the disk stays.
 */
export const keepBound = async (
  transaction: Transaction,
  committed: Ledger,
  { store, maxBytes }: { readonly store: Pick<Store, 'entries'>; readonly maxBytes: number },
): Promise<number> => {
  const before = transaction.ledger.totals.givenUp;
  if (waitingBytes(transaction.ledger) <= maxBytes) return 0;
  const targetBytes = maxBytes - Math.min(SLACK_BYTES, maxBytes * SLACK_SHARE);
  const wantedBytes = (): number => waitingBytes(transaction.ledger) - targetBytes;
  const limit = { maxRecords: SCAN_RECORDS, maxBytes: Number.POSITIVE_INFINITY };
  for (const lane of recordLanes) {
    while (wantedBytes() > 0) {
      const { head } = transaction.ledger.lanes[lane];
      const batch = await scanLane(store, committed, lane, { from: head, ...limit });
      if (batch === null) break;
      transaction.drop(oldestOf(batch, wantedBytes()));
    }
  }
  return transaction.ledger.totals.givenUp - before;
};
