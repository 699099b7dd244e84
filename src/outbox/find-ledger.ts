import type { KeyRange, Store, StoreChange } from '../store/store.ts';
import { beginEpoch, emptyLedger, isAhead, type Ledger, withLane } from './ledger.ts';
import { type RecordLane, recordLanes } from './records.ts';
import { readStoredLedger } from './stored-ledger.ts';
import {
  decodeRecord,
  type EpochKey,
  laneRange,
  parseRecordKey,
  type RecordKey,
  recordBytes,
  recordKey,
} from './stored-record.ts';

const CHUNK = 100;

const endOfEpoch = (lane: RecordLane, epoch: EpochKey): string => `${laneRange(lane).from}${epoch}0`;

type Intact = { readonly key: RecordKey; readonly bytes: number; readonly acceptedBytes: number };

/** The first intact record of a range, or the last one, and how many damaged entries were passed on the way there. */
const findIntact = async (
  store: Store,
  range: KeyRange,
  reverse: boolean,
): Promise<{ readonly intact: Intact | null; readonly passed: number }> => {
  let { from, until } = range;
  for (let passed = 0; ; ) {
    const limit = passed === 0 ? 1 : CHUNK;
    const entries = await store.entries({ from, until }, { limit, reverse });
    for (const [entry, value] of entries) {
      const key = parseRecordKey(entry);
      const record = decodeRecord(entry, value);
      if (key !== null && record?.kind === 'accepted') {
        const { json, acceptedBytes } = record;
        return { intact: { key, bytes: recordBytes(json), acceptedBytes }, passed };
      }
      passed += 1;
      if (reverse) until = entry;
      else from = `${entry}\u0000`;
    }
    if (entries.length === 0) return { intact: null, passed };
  }
};

type CaughtUp = { readonly ledger: Ledger; readonly isTailDamaged: boolean };

/** Brings the current epoch up to what was appended after the ledger was last written; its newest intact records tell. */
const catchUp = async (store: Store, behind: Ledger): Promise<CaughtUp> => {
  let [ledger, isTailDamaged] = [behind, false];
  for (const lane of recordLanes) {
    const { epoch, lanes } = ledger;
    const { nextSeq, accepted } = lanes[lane];
    const range = { from: recordKey(lane, { epoch, seq: nextSeq }), until: endOfEpoch(lane, epoch) };
    const { intact, passed } = await findIntact(store, range, true);
    // Damaged entries behind the newest intact record were records too.
    const lastSeq = (intact?.key.seq ?? nextSeq - 1) + passed;
    const count = accepted.count + lastSeq + 1 - nextSeq;
    const bytes = intact?.acceptedBytes ?? accepted.bytes;
    ledger = withLane(ledger, lane, { nextSeq: lastSeq + 1, accepted: { count, bytes } });
    isTailDamaged ||= passed > 0;
  }
  return { ledger, isTailDamaged };
};

/** The epochs of which a lane holds intact records, in order. */
const epochsIn = async (store: Store, lane: RecordLane): Promise<readonly EpochKey[]> => {
  const epochs: EpochKey[] = [];
  let range = laneRange(lane);
  for (;;) {
    const { intact } = await findIntact(store, range, false);
    if (intact === null) return epochs;
    epochs.push(intact.key.epoch);
    range = { ...range, from: endOfEpoch(lane, intact.key.epoch) };
  }
};

/** Begins each epoch of the store once more, or returns `null` when there are no records. */
const reconstruct = async (store: Store): Promise<Ledger | null> => {
  const epochs = await Promise.all(recordLanes.map((lane) => epochsIn(store, lane)));
  const [oldest, ...later] = [...new Set(epochs.flat())].sort();
  if (oldest === undefined) return null;
  let { ledger } = await catchUp(store, emptyLedger(oldest));
  for (const epoch of later) ({ ledger } = await catchUp(store, beginEpoch(ledger, epoch)));
  for (const lane of recordLanes) {
    const { intact: first } = await findIntact(store, laneRange(lane), false);
    if (first === null) continue;
    const { count, bytes } = ledger.lanes[lane].accepted;
    const accepted = {
      count: count - (first.key.seq - 1),
      bytes: Math.max(0, bytes - first.acceptedBytes + first.bytes),
    };
    ledger = withLane(ledger, lane, { head: first.key, accepted });
  }
  return ledger;
};

type FoundLedger = {
  readonly ledger: Ledger;
  /** Why records may be missing; `null` when nothing says so. */
  readonly doubt: string | null;
  /** To be written with the next ledger. */
  readonly leftovers: readonly StoreChange[];
};

/** Where the outbox stands, as far as store and mark still tell it; `null` when it never was. Changes nothing. */
export const findLedger = async (store: Store, marked: Ledger | null): Promise<FoundLedger | null> => {
  const { ledger: saved, leftovers } = await readStoredLedger(store);
  const known = saved ?? marked ?? (await reconstruct(store));
  if (known === null) return null;
  const { ledger, isTailDamaged } = await catchUp(store, known);
  if (marked !== null && isAhead(marked, ledger))
    return { ledger: marked, doubt: 'the newest records are missing', leftovers };
  if (saved === null)
    return { ledger, doubt: 'what the outbox knew of itself is damaged or lost', leftovers };
  return { ledger, doubt: isTailDamaged ? 'the newest records are damaged' : null, leftovers };
};
