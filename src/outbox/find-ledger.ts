import type { Store } from '../store/store.ts';
import {
  decodeLedger,
  emptyLedger,
  encodeLedger,
  forgetDrained,
  LEDGER_KEY,
  type Ledger,
  placeAfter,
  withLane,
} from './ledger.ts';
import { type Lane, lanes } from './outbox.ts';
import {
  type EpochKey,
  epochKey,
  epochRange,
  laneRange,
  ordinalOf,
  type Place,
  placeOfKey,
} from './place.ts';
import { findWhole, type WholeRecord } from './whole-record.ts';

export type FoundLedger = {
  readonly ledger: Ledger;
  /** Why the sequence may have been broken, so that a new epoch began; `null` when it goes on. */
  readonly doubt: string | null;
};

export type FindLedgerOptions = { readonly isInDoubt: boolean; readonly newEpoch: () => string };

/** Damaged entries behind the newest whole record were records too, as far as their keys can be believed. */
const lastSeqOf = (newest: WholeRecord): number => newest.place.seq + newest.passed;

type CaughtUp = { readonly ledger: Ledger; readonly isTailDamaged: boolean };

/** Brings a lane up to what was appended after the ledger was last written. */
const catchUp = async (store: Store, ledger: Ledger, lane: Lane): Promise<CaughtUp> => {
  const { nextSeq, accepted } = ledger.lanes[lane];
  const newest = await findWhole(store, epochRange(lane, { epoch: ledger.epoch, seq: nextSeq }), true);
  if (newest === null) return { ledger, isTailDamaged: false };
  const lastSeq = lastSeqOf(newest);
  return {
    ledger: withLane(ledger, lane, {
      nextSeq: lastSeq + 1,
      accepted: { count: accepted.count + lastSeq + 1 - nextSeq, bytes: newest.acceptedBytes },
    }),
    isTailDamaged: newest.passed > 0,
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

/** What was accepted so far belongs to an earlier epoch from now on; numbers begin at 1 again. */
const beginEpoch = (ledger: Ledger, newEpoch: string): Ledger => {
  const lastSeq = (lane: Lane): number => ledger.lanes[lane].nextSeq - 1;
  const begun = lanes.reduce<Ledger>((next, lane) => withLane(next, lane, { nextSeq: 1 }), {
    ...ledger,
    epoch: epochKey(ordinalOf(ledger.epoch) + 1, newEpoch),
    earlier: [
      ...ledger.earlier,
      {
        epoch: ledger.epoch,
        lastSeq: { reading: lastSeq('reading'), prealert: lastSeq('prealert'), gap: lastSeq('gap') },
      },
    ],
  });
  const moved = lanes.reduce<Ledger>((next, lane) => {
    const { epoch, seq } = next.lanes[lane].head;
    return withLane(next, lane, { head: placeAfter(next, lane, { epoch, seq: seq - 1 }) });
  }, begun);
  return forgetDrained(moved);
};

type EpochFound = { readonly epoch: EpochKey; readonly first: WholeRecord; readonly newest: WholeRecord };

const epochsIn = async (store: Store, lane: Lane): Promise<readonly EpochFound[]> => {
  const found: EpochFound[] = [];
  let range = laneRange(lane);
  for (;;) {
    const first = await findWhole(store, range, false);
    if (first === null) return found;
    const own = epochRange(lane, first.place);
    const newest = (await findWhole(store, own, true)) ?? first;
    found.push({ epoch: first.place.epoch, first, newest });
    range = { from: own.until, until: range.until };
  }
};

/** Takes what lies in a lane for all that was ever accepted there. */
const withFound = (ledger: Ledger, lane: Lane, found: readonly EpochFound[]): Ledger => {
  const [oldest] = found;
  const newest = found.at(-1);
  if (oldest === undefined || newest === undefined) return ledger;
  const { first } = oldest;
  const count = found.reduce((sum, own) => sum + lastSeqOf(own.newest), 1 - first.place.seq);
  return withLane(ledger, lane, {
    head: first.place,
    cleared: first.place,
    nextSeq: newest.epoch === ledger.epoch ? lastSeqOf(newest.newest) + 1 : 1,
    accepted: { count, bytes: newest.newest.acceptedBytes },
    removed: { count: 0, bytes: first.acceptedBytes - first.bytes },
  });
};

/** The ledger as far as the records themselves tell it, or `null` when there are none. */
const reconstruct = async (store: Store): Promise<Ledger | null> => {
  const found = {
    reading: await epochsIn(store, 'reading'),
    prealert: await epochsIn(store, 'prealert'),
    gap: await epochsIn(store, 'gap'),
  };
  const keys = [...new Set(lanes.flatMap((lane) => found[lane].map(({ epoch }) => epoch)))].sort();
  const current = keys.at(-1);
  if (current === undefined) return null;
  const lastSeq = (lane: Lane, epoch: EpochKey): number => {
    const own = found[lane].find((one) => one.epoch === epoch);
    return own === undefined ? 0 : lastSeqOf(own.newest);
  };
  const earlier = keys.slice(0, -1).map((epoch) => ({
    epoch,
    lastSeq: {
      reading: lastSeq('reading', epoch),
      prealert: lastSeq('prealert', epoch),
      gap: lastSeq('gap', epoch),
    },
  }));
  const ledger = { ...emptyLedger(current), earlier, aside: { nextSeq: await nextAside(store) } };
  return lanes.reduce<Ledger>((next, lane) => withFound(next, lane, found[lane]), ledger);
};

const nextAside = async (store: Store): Promise<number> => {
  const [newest] = await store.entries(laneRange('aside'), { limit: 1, reverse: true });
  const place: Place | null = newest === undefined ? null : placeOfKey(newest[0]);
  return (place?.seq ?? 0) + 1;
};

const describeDoubt = (isInDoubt: boolean, isLedgerThere: boolean, isTailDamaged: boolean): string | null => {
  if (!isLedgerThere) return 'what the outbox knew of itself is damaged or lost';
  if (isTailDamaged) return 'the newest records are damaged';
  return isInDoubt ? 'the store was damaged' : null;
};

/** Finds where the outbox stands without looking at what waits, and begins a new epoch where that is in doubt. */
export const findLedger = async (
  store: Store,
  { isInDoubt, newEpoch }: FindLedgerOptions,
): Promise<FoundLedger> => {
  const value = await store.get(LEDGER_KEY);
  const saved = value === undefined ? null : decodeLedger(value);
  const known = saved ?? (await reconstruct(store));
  if (known === null) {
    const ledger = emptyLedger(epochKey(1, newEpoch()));
    await store.write([{ key: LEDGER_KEY, value: encodeLedger(ledger) }], { sync: true });
    const isNew = value === undefined && !isInDoubt;
    return { ledger, doubt: isNew ? null : 'the store was damaged and nothing is left of it' };
  }
  const { ledger, isTailDamaged } = await catchUpAll(store, known);
  const doubt = describeDoubt(isInDoubt, saved !== null, isTailDamaged);
  if (doubt === null) return { ledger, doubt };
  const begun = beginEpoch(ledger, newEpoch());
  await store.write([{ key: LEDGER_KEY, value: encodeLedger(begun) }], { sync: true });
  return { ledger: begun, doubt };
};
