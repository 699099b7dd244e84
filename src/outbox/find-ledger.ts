import type { KeyRange, Store, StoreChange } from '../store/store.ts';
import { emptyLedger, isAhead, type Ledger, withLane } from './ledger.ts';
import { type RecordId, type RecordLane, recordLanes } from './records.ts';
import { readStoredLedger } from './stored-ledger.ts';
import {
  decodeRecord,
  type EpochKey,
  epochOf,
  laneRange,
  parseRecordKey,
  type RecordKey,
  recordBytes,
  recordKey,
} from './stored-record.ts';

const CHUNK = 100;

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

/** The last intact number of each epoch of a lane. */
const lastSeqsIn = async (store: Store, lane: RecordLane): Promise<ReadonlyMap<EpochKey, number>> => {
  const lastSeqs = new Map<EpochKey, number>();
  let range = laneRange(lane);
  for (;;) {
    const { intact } = await findIntact(store, range, true);
    if (intact === null) return lastSeqs;
    lastSeqs.set(intact.key.epoch, intact.key.seq);
    range = { ...range, until: recordKey(lane, { ...intact.key, seq: 0 }) };
  }
};

/** The ledger as far as the ends of the epochs tell it, or `null` when there are no records. */
const reconstruct = async (store: Store): Promise<Ledger | null> => {
  const lastSeqs = {
    reading: await lastSeqsIn(store, 'reading'),
    prealert: await lastSeqsIn(store, 'prealert'),
  };
  const epochs = [...new Set(recordLanes.flatMap((lane) => [...lastSeqs[lane].keys()]))].sort();
  const current = epochs.at(-1);
  if (current === undefined) return null;
  let previous: RecordId | null = null;
  const earlier: Ledger['earlier'] = [];
  for (const epoch of epochs) {
    const lastSeq = {
      reading: lastSeqs.reading.get(epoch) ?? 0,
      prealert: lastSeqs.prealert.get(epoch) ?? 0,
    };
    earlier.push({ epoch, previous, lastSeq });
    if (lastSeq.reading > 0) previous = { epoch: epochOf(epoch), seq: lastSeq.reading };
  }
  const last = earlier.pop();
  let ledger: Ledger = { ...emptyLedger(current), previous: last?.previous ?? null, earlier };
  for (const lane of recordLanes) {
    const { intact: first } = await findIntact(store, laneRange(lane), false);
    const { intact: newest } = await findIntact(store, laneRange(lane), true);
    if (first === null || newest === null) continue;
    const count = [...lastSeqs[lane].values()].reduce((sum, lastSeq) => sum + lastSeq, 1 - first.key.seq);
    const bytes = Math.max(0, newest.acceptedBytes - first.acceptedBytes + first.bytes);
    const nextSeq = (lastSeqs[lane].get(current) ?? 0) + 1;
    ledger = withLane(ledger, lane, { head: first.key, nextSeq, accepted: { count, bytes } });
  }
  return ledger;
};

type CaughtUp = { readonly ledger: Ledger; readonly isTailDamaged: boolean };

/** Brings a lane up to what was appended after the ledger was last written; its newest intact record tells. */
const catchUp = async (store: Store, ledger: Ledger, lane: RecordLane): Promise<CaughtUp> => {
  const { epoch } = ledger;
  const { nextSeq, accepted } = ledger.lanes[lane];
  const range = { from: recordKey(lane, { epoch, seq: nextSeq }), until: `${laneRange(lane).from}${epoch}0` };
  const { intact, passed } = await findIntact(store, range, true);
  // Damaged entries behind the newest intact record were records too.
  const lastSeq = (intact?.key.seq ?? nextSeq - 1) + passed;
  const count = accepted.count + lastSeq + 1 - nextSeq;
  const bytes = intact?.acceptedBytes ?? accepted.bytes;
  return {
    ledger: withLane(ledger, lane, { nextSeq: lastSeq + 1, accepted: { count, bytes } }),
    isTailDamaged: passed > 0,
  };
};

export type FoundLedger = {
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
  const readings = await catchUp(store, known, 'reading');
  const both = await catchUp(store, readings.ledger, 'prealert');
  const found = (ledger: Ledger, doubt: string | null): FoundLedger => ({ ledger, doubt, leftovers });
  if (marked !== null && isAhead(marked, both.ledger)) return found(marked, 'the newest records are missing');
  if (saved === null) return found(both.ledger, 'what the outbox knew of itself is damaged or lost');
  const isTailDamaged = readings.isTailDamaged || both.isTailDamaged;
  return found(both.ledger, isTailDamaged ? 'the newest records are damaged' : null);
};
