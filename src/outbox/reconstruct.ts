import type { Store } from '../store/store.ts';
import { nextDeadLetter } from './dead-letters.ts';
import { emptyLedger, type Ledger, withLane } from './ledger.ts';
import { type EpochKey, epochOf, laneRange, parseRecordKey, type RecordKey } from './record-key.ts';
import { type RecordId, type RecordLane, recordLanes } from './records.ts';
import { decodeRecord, recordBytes } from './stored-record.ts';

const MAX_ENTRIES = 500;

/** What lies in a lane: the first intact record, how much waits from there on, and the last number of each epoch. */
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
export const reconstruct = async (store: Store): Promise<Ledger | null> => {
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
