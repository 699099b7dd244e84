import type { Store } from '../store/store.ts';
import { emptyLedger, type Ledger, withLane } from './ledger.ts';
import { type Lane, lanes } from './outbox.ts';
import { type EpochKey, epochRange, laneRange, type Place, placeOfKey } from './place.ts';
import { findWhole, type WholeRecord } from './whole-record.ts';

type EpochFound = {
  readonly epoch: EpochKey;
  readonly first: WholeRecord;
  readonly lastSeq: number;
  readonly acceptedBytes: number;
};

const epochsIn = async (store: Store, lane: Lane): Promise<readonly EpochFound[]> => {
  const found: EpochFound[] = [];
  let range = laneRange(lane);
  for (;;) {
    const { record: first } = await findWhole(store, range, false);
    if (first === null) return found;
    const own = epochRange(lane, first.place);
    const { record, passed } = await findWhole(store, own, true);
    const newest = record ?? first;
    found.push({
      epoch: first.place.epoch,
      first,
      lastSeq: newest.place.seq + passed,
      acceptedBytes: newest.acceptedBytes,
    });
    range = { from: own.until, until: range.until };
  }
};

/** Takes what lies in a lane for all that was ever accepted there. */
const withFound = (ledger: Ledger, lane: Lane, found: readonly EpochFound[]): Ledger => {
  const first = found[0]?.first;
  const newest = found.at(-1);
  if (first === undefined || newest === undefined) return ledger;
  return withLane(ledger, lane, {
    head: first.place,
    cleared: first.place,
    nextSeq: newest.epoch === ledger.epoch ? newest.lastSeq + 1 : 1,
    accepted: {
      count: found.reduce((sum, { lastSeq }) => sum + lastSeq, 1 - first.place.seq),
      bytes: newest.acceptedBytes - (first.acceptedBytes - first.bytes),
    },
  });
};

const nextAside = async (store: Store): Promise<number> => {
  const [newest] = await store.entries(laneRange('aside'), { limit: 1, reverse: true });
  const place: Place | null = newest === undefined ? null : placeOfKey(newest[0]);
  return (place?.seq ?? 0) + 1;
};

/** The ledger as far as the records themselves tell it, or `null` when there are none. */
export const reconstruct = async (store: Store): Promise<Ledger | null> => {
  const found = {
    reading: await epochsIn(store, 'reading'),
    prealert: await epochsIn(store, 'prealert'),
    gap: await epochsIn(store, 'gap'),
  };
  const keys = [...new Set(lanes.flatMap((lane) => found[lane].map(({ epoch }) => epoch)))].sort();
  const current = keys.at(-1);
  if (current === undefined) return null;
  const lastSeq = (lane: Lane, epoch: EpochKey): number =>
    found[lane].find((own) => own.epoch === epoch)?.lastSeq ?? 0;
  const earlier = keys.slice(0, -1).map((epoch) => ({
    epoch,
    lastSeq: {
      reading: lastSeq('reading', epoch),
      prealert: lastSeq('prealert', epoch),
      gap: lastSeq('gap', epoch),
    },
  }));
  const ledger: Ledger = { ...emptyLedger(current), earlier, aside: { nextSeq: await nextAside(store) } };
  return lanes.reduce<Ledger>((next, lane) => withFound(next, lane, found[lane]), ledger);
};
