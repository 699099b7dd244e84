import type { Store } from '../store/store.ts';
import { nextDeadLetter } from './dead-letters.ts';
import { emptyLedger, isAhead, type Ledger, withLane } from './ledger.ts';
import {
  type EpochKey,
  epochOf,
  epochRange,
  LOWEST_KEY,
  laneRange,
  parseRecordKey,
  type RecordKey,
} from './record-key.ts';
import { type RecordId, type RecordLane, recordLanes } from './records.ts';
import { readLegacyGaps, readStoredLedger } from './stored-ledger.ts';
import { decodeRecord, recordBytes } from './stored-record.ts';

const MAX_ENTRIES = 500;

/** What a lane holds: the first intact record, how much waits from there on, and the last number of each epoch. */
type FoundLane = {
  readonly first: RecordKey | null;
  readonly bytes: number;
  readonly lastSeqs: ReadonlyMap<EpochKey, number>;
};

/** Reads it all: only a store whose ledger is damaged together with its mark needs this. */
const readLane = async (store: Store, lane: RecordLane): Promise<FoundLane> => {
  const lastSeqs = new Map<EpochKey, number>();
  let { from, until } = laneRange(lane);
  let first: RecordKey | null = null;
  let bytes = 0;
  for (;;) {
    const entries = await store.entries({ from, until }, { limit: MAX_ENTRIES });
    const last = entries.at(-1);
    if (last === undefined) return { first, bytes, lastSeqs };
    for (const [entry, value] of entries) {
      const key = parseRecordKey(entry);
      const record = decodeRecord(entry, value);
      if (key === null || record?.kind !== 'accepted') continue;
      first ??= key;
      bytes += recordBytes(record.json);
      lastSeqs.set(key.epoch, key.seq);
    }
    from = `${last[0]}\u0000`;
  }
};

const withFound = (ledger: Ledger, lane: RecordLane, { first, bytes, lastSeqs }: FoundLane): Ledger => {
  if (first === null) return ledger;
  const count = [...lastSeqs.values()].reduce((sum, lastSeq) => sum + lastSeq, 1 - first.seq);
  const nextSeq = (lastSeqs.get(ledger.epoch) ?? 0) + 1;
  return withLane(ledger, lane, { head: first, cleared: first, nextSeq, accepted: { count, bytes } });
};

/** The ledger as far as the records themselves tell it, or `null` when there are none. */
const reconstruct = async (store: Store): Promise<Ledger | null> => {
  const found = { reading: await readLane(store, 'reading'), prealert: await readLane(store, 'prealert') };
  const epochs = [...new Set(recordLanes.flatMap((lane) => [...found[lane].lastSeqs.keys()]))].sort();
  const current = epochs.at(-1);
  if (current === undefined) return null;
  let previous: RecordId | null = null;
  const standings = epochs.map((epoch) => {
    const lastSeq = {
      reading: found.reading.lastSeqs.get(epoch) ?? 0,
      prealert: found.prealert.lastSeqs.get(epoch) ?? 0,
    };
    const standing = { epoch, previous, lastSeq };
    if (lastSeq.reading > 0) previous = { epoch: epochOf(epoch), seq: lastSeq.reading };
    return standing;
  });
  const empty: Ledger = {
    ...emptyLedger(current),
    previous: standings.at(-1)?.previous ?? null,
    earlier: standings.slice(0, -1),
    aside: { nextSeq: await nextDeadLetter(store) },
  };
  return recordLanes.reduce<Ledger>((ledger, lane) => withFound(ledger, lane, found[lane]), empty);
};

export type FoundLedger = {
  readonly ledger: Ledger;
  /** Why records may be missing; `null` when nothing says so. */
  readonly doubt: string | null;
};

type CaughtUp = { readonly ledger: Ledger; readonly isTailDamaged: boolean };

const CHUNK = 100;

/** Brings a lane up to what was appended after the ledger was last written; its newest intact record tells. */
const catchUp = async (store: Store, ledger: Ledger, lane: RecordLane): Promise<CaughtUp> => {
  const { nextSeq, accepted } = ledger.lanes[lane];
  let { from, until } = epochRange(lane, { epoch: ledger.epoch, seq: nextSeq });
  // Damaged entries behind the newest intact record were records too.
  for (let passed = 0; ; ) {
    const limit = passed === 0 ? 1 : CHUNK;
    const entries = await store.entries({ from, until }, { limit, reverse: true });
    for (const [entry, value] of entries) {
      const record = decodeRecord(entry, value);
      const seq = parseRecordKey(entry)?.seq;
      if (seq !== undefined && record?.kind === 'accepted')
        return caughtUp(seq + passed, record.acceptedBytes, passed > 0);
      passed += 1;
      until = entry;
    }
    if (entries.length === 0) return caughtUp(nextSeq - 1 + passed, accepted.bytes, passed > 0);
  }

  function caughtUp(lastSeq: number, bytes: number, isTailDamaged: boolean): CaughtUp {
    const count = accepted.count + lastSeq + 1 - nextSeq;
    return {
      ledger: withLane(ledger, lane, { nextSeq: lastSeq + 1, accepted: { count, bytes } }),
      isTailDamaged,
    };
  }
};

/** Where the outbox stands, as far as store and mark still tell it; `null` when it never was. Changes nothing. */
export const findLedger = async (store: Store, marked: Ledger | null): Promise<FoundLedger | null> => {
  const stored = await readStoredLedger(store);
  const saved = stored.ledger;
  const known = saved ?? marked ?? (await reconstruct(store));
  if (known === null) return null;
  const readings = await catchUp(store, known, 'reading');
  const both = await catchUp(store, readings.ledger, 'prealert');
  const isBehind = marked !== null && isAhead(marked, both.ledger);
  const ledger = isBehind || saved === null ? clearAll(isBehind ? marked : both.ledger) : both.ledger;
  const gaps = [...(await readLegacyGaps(store, stored, ledger)), ...ledger.gaps];
  const isTailDamaged = readings.isTailDamaged || both.isTailDamaged;
  return { ledger: { ...ledger, gaps }, doubt: doubtOf({ isLost: saved === null, isTailDamaged, isBehind }) };
};

/** What was deleted may be there again. */
const clearAll = (ledger: Ledger): Ledger =>
  recordLanes.reduce((all, lane) => withLane(all, lane, { cleared: LOWEST_KEY }), ledger);

const doubtOf = (found: {
  readonly isLost: boolean;
  readonly isTailDamaged: boolean;
  readonly isBehind: boolean;
}): string | null => {
  if (found.isLost) return 'what the outbox knew of itself is damaged or lost';
  if (found.isTailDamaged) return 'the newest records are damaged';
  return found.isBehind ? 'the newest records are missing' : null;
};
