import type { Draft } from './draft.ts';
import type { GapBody, TimeOf } from './gap.ts';
import { type Loss, type ScannedRecord, scanLane } from './lane-scan.ts';
import { endOf, type Ledger, nothing, placeAfter, stretches, waitingBytes } from './ledger.ts';
import type { Lane } from './outbox.ts';
import { epochOf, isBefore, type Place } from './place.ts';
import { parseBody } from './stored-record.ts';

const SCAN_RECORDS = 256;

/** Freed beyond need, so that a full outbox does not evict at every append. */
const SLACK_BYTES = 65_536;
const SLACK_SHARE = 0.01;

const unknownTimes = { from: null, to: null };

const giveUpPlaces = async (draft: Draft, lane: Lane, { from, until }: Loss): Promise<void> => {
  for (const stretch of stretches(draft.ledger, lane, [from, until])) {
    const amount = { count: stretch.to - stretch.from + 1, bytes: 0 };
    if (lane === 'gap') await draft.giveUpGaps(stretch, amount);
    else await draft.giveUp(lane, { stretch, amount, reason: 'damaged', times: unknownTimes });
  }
};

/**
 * Gives up what is missing or damaged at this place, unless that has been dealt with since it was found, or unless it
 * is there after all: what a scan over a damaged table missed may be found by a seek.
 * Resolves with where to go on, and with what was given up.
 */
export const giveUpLossAt = async (
  draft: Draft,
  lane: Lane,
  place: Place,
): Promise<{ readonly goOn: Place; readonly givenUp: Loss | null }> => {
  const { store, committed } = draft.parts;
  const { head } = committed.lanes[lane];
  const from = isBefore(place, head) ? head : place;
  const { loss, records } = await scanLane(store, [committed, lane], { from, maxRecords: 1 });
  if (loss === null || records.length > 0) return { goOn: from, givenUp: null };
  await giveUpPlaces(draft, lane, loss);
  return { goOn: loss.until, givenUp: loss };
};

/** Oldest records of one epoch that together free what is wanted. */
const oldest = (records: readonly ScannedRecord[], wantedBytes: number): readonly ScannedRecord[] => {
  const [first] = records;
  let freed = 0;
  return records.filter(({ place, bytes }) => {
    const isTaken = freed < wantedBytes && place.epoch === first?.place.epoch;
    if (isTaken) freed += bytes;
    return isTaken;
  });
};

type EvictionOptions = { readonly timeOf: TimeOf; readonly wantedBytes: (ledger: Ledger) => number };

/** One step of giving up the oldest records of a lane; `false` when none of it is on the disk. */
const evictSome = async (draft: Draft, lane: Lane, options: EvictionOptions): Promise<boolean> => {
  const { store, committed } = draft.parts;
  const from = draft.ledger.lanes[lane].head;
  if (!isBefore(from, endOf(committed, lane))) return false;
  const scan = await scanLane(store, [committed, lane], { from, maxRecords: SCAN_RECORDS });
  const evicted = oldest(scan.records, options.wantedBytes(draft.ledger));
  const [first, last] = [evicted[0], evicted.at(-1)];
  if (first !== undefined && last !== undefined) {
    const bytes = evicted.reduce((sum, record) => sum + record.bytes, 0);
    const amount = { count: evicted.length, bytes };
    draft.advance(lane, placeAfter(committed, lane, last.place), [amount, 'givenUp']);
    if (lane === 'reading') await draft.tellGap(gapOf(first, last, [evicted.length, options.timeOf]));
  } else {
    draft.advance(lane, scan.loss?.from ?? scan.next, [nothing, 'givenUp']);
    if (scan.loss !== null) await giveUpPlaces(draft, lane, scan.loss);
  }
  return true;
};

const gapOf = (
  first: ScannedRecord,
  last: ScannedRecord,
  [count, timeOf]: readonly [number, TimeOf],
): GapBody => ({
  epoch: epochOf(first.place.epoch),
  fromseq: first.place.seq,
  toseq: last.place.seq,
  count,
  reason: 'full',
  from: timeOf(parseBody(first.json)),
  to: timeOf(parseBody(last.json)),
});

export type Bound = { readonly maxBytes: number; readonly timeOf: TimeOf };

/**
 * Gives up the oldest readings, then the oldest pre-alerts, until the outbox is within its bound again.
 * Resolves with how many records that were; what is not yet on the disk stays.
 */
export const keepBound = async (draft: Draft, { maxBytes, timeOf }: Bound): Promise<number> => {
  const before = draft.ledger.totals.givenUp;
  if (waitingBytes(draft.ledger) <= maxBytes) return 0;
  const targetBytes = maxBytes - Math.min(SLACK_BYTES, maxBytes * SLACK_SHARE);
  const wantedBytes = (ledger: Ledger): number => waitingBytes(ledger) - targetBytes;
  for (const lane of ['reading', 'prealert'] as const) {
    let isAnyLeft = true;
    while (isAnyLeft && wantedBytes(draft.ledger) > 0)
      isAnyLeft = await evictSome(draft, lane, { timeOf, wantedBytes });
  }
  return draft.ledger.totals.givenUp - before;
};
