import type { Store } from '../store/store.ts';
import { beginEpoch, ledgerOf, raiseTo, withHeads } from './epochs.ts';
import type { HighWater } from './high-water.ts';
import { decodeLedger, emptyLedger, encodeLedger, LEDGER_KEY, type Ledger, withLane } from './ledger.ts';
import { type Lane, lanes } from './outbox.ts';
import { epochKey, epochRange } from './place.ts';
import { reconstruct } from './reconstruct.ts';
import { findWhole } from './whole-record.ts';

export type FoundLedger = {
  readonly ledger: Ledger;
  /** Why the sequence may have been broken, so that a new epoch began; `null` when it goes on. */
  readonly doubt: string | null;
};

export type FindLedgerOptions = {
  /** The store was damaged. */
  readonly isInDoubt: boolean;
  readonly highWater: HighWater | null;
  readonly newEpoch: () => string;
};

type CaughtUp = { readonly ledger: Ledger; readonly isTailDamaged: boolean };

/** Brings a lane up to what was appended after the ledger was last written. */
const catchUp = async (store: Store, ledger: Ledger, lane: Lane): Promise<CaughtUp> => {
  const { nextSeq, accepted } = ledger.lanes[lane];
  const range = epochRange(lane, { epoch: ledger.epoch, seq: nextSeq });
  const { record, passed } = await findWhole(store, range, true);
  // Damaged entries behind the newest whole record were records too.
  const lastSeq = (record?.place.seq ?? nextSeq - 1) + passed;
  return {
    ledger: withLane(ledger, lane, {
      nextSeq: lastSeq + 1,
      accepted: {
        count: accepted.count + lastSeq + 1 - nextSeq,
        bytes: record?.acceptedBytes ?? accepted.bytes,
      },
    }),
    isTailDamaged: passed > 0,
  };
};

const catchUpAll = async (store: Store, saved: Ledger): Promise<CaughtUp> => {
  let ledger = saved;
  let isTailDamaged = false;
  for (const lane of lanes) {
    const caughtUp = await catchUp(store, ledger, lane);
    ledger = caughtUp.ledger;
    isTailDamaged ||= caughtUp.isTailDamaged;
  }
  return { ledger, isTailDamaged };
};

type Known = { readonly ledger: Ledger; readonly doubt: string | null; readonly isReconstructed: boolean };

/** The best account of itself that the store can still give, or `null` when it holds nothing. */
const findKnown = async (store: Store): Promise<Known | null> => {
  const value = await store.get(LEDGER_KEY);
  const saved = value === undefined ? null : decodeLedger(value);
  const known = saved ?? (await reconstruct(store));
  if (known === null) return null;
  const { ledger, isTailDamaged } = await catchUpAll(store, known);
  if (saved === null)
    return { ledger, doubt: 'what the outbox knew of itself is damaged or lost', isReconstructed: true };
  return { ledger, doubt: isTailDamaged ? 'the newest records are damaged' : null, isReconstructed: false };
};

/** Where the outbox stands, as far as store and mark still tell it; `null` when it never was. Changes nothing. */
export const readLedger = async (store: Store, highWater: HighWater | null): Promise<FoundLedger | null> => {
  const known = await findKnown(store);
  if (highWater === null) return known;
  if (known === null) return { ledger: ledgerOf(highWater), doubt: 'the store is gone' };
  const { ledger, doubt } = known;
  const raised = raiseTo(known.isReconstructed ? withHeads(ledger, highWater) : ledger, highWater);
  const isBehind = lanes.some((lane) => raised.lanes[lane].nextSeq !== ledger.lanes[lane].nextSeq);
  return { ledger: raised, doubt: doubt ?? (isBehind ? 'the newest records are missing' : null) };
};

/** Finds where the outbox stands without looking at what waits, and begins a new epoch where that is in doubt. */
export const findLedger = async (
  store: Store,
  { isInDoubt, highWater, newEpoch }: FindLedgerOptions,
): Promise<FoundLedger> => {
  const known = await readLedger(store, highWater);
  const doubt = known?.doubt ?? (isInDoubt ? 'the store was damaged' : null);
  if (known !== null && doubt === null) return { ledger: known.ledger, doubt };
  const ledger = known === null ? emptyLedger(epochKey(1, newEpoch())) : beginEpoch(known.ledger, newEpoch());
  await store.write([{ key: LEDGER_KEY, value: encodeLedger(ledger) }], { sync: true });
  return { ledger, doubt };
};
