import type { Store } from '../store/store.ts';
import { type Loss, type ScannedRecord, scanLane } from './lane-scan.ts';
import { endOf, type Ledger } from './ledger.ts';
import type { Lane, PeekLimit } from './outbox.ts';
import { isBefore, type Place } from './place.ts';

const SCAN_RECORDS = 500;

export type Picked = {
  readonly records: readonly ScannedRecord[];
  /** Everything that waits before it was picked. */
  readonly next: Place;
};

export type PickParts = {
  readonly store: Store;
  readonly ledger: () => Ledger;
  /** Accounts for a loss and resolves with where to go on; `null` when that cannot be written down now. */
  readonly giveUp: (loss: Loss) => Promise<Place | null>;
};

/** How many of the records fit, the first one always when nothing was picked before. */
const countFitting = (records: readonly ScannedRecord[], leftBytes: number, isFirst: boolean): number => {
  let left = leftBytes;
  const index = records.findIndex(({ json }, position) => {
    left -= Buffer.byteLength(json);
    return left < 0 && !(isFirst && position === 0);
  });
  return index === -1 ? records.length : index;
};

/** Records from `from` on that are whole, within the limit; losses on the way are given up. */
export const pickRecords = async (
  parts: PickParts,
  lane: Lane,
  { from, maxRecords, maxBytes }: Omit<PeekLimit, 'after'> & { readonly from: Place },
): Promise<Picked> => {
  const records: ScannedRecord[] = [];
  let next = from;
  let leftBytes = maxBytes;
  while (records.length < maxRecords && isBefore(next, endOf(parts.ledger(), lane))) {
    const scan = await scanLane(parts.store, [parts.ledger(), lane], {
      from: next,
      maxRecords: Math.min(SCAN_RECORDS, maxRecords - records.length),
    });
    const fitting = scan.records.slice(0, countFitting(scan.records, leftBytes, records.length === 0));
    records.push(...fitting);
    const unfit = scan.records[fitting.length];
    if (unfit) return { records, next: unfit.place };
    leftBytes -= fitting.reduce((sum, { json }) => sum + Buffer.byteLength(json), 0);
    if (scan.loss === null) next = scan.next;
    else {
      const goOn = await parts.giveUp(scan.loss);
      if (goOn === null) return { records, next: scan.loss.from };
      next = goOn;
    }
  }
  return { records, next };
};
