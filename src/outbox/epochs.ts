import type { HighWater } from './high-water.ts';
import { emptyLedger, forgetDrained, type Ledger, placeAfter, withLane } from './ledger.ts';
import { type Lane, lanes } from './outbox.ts';
import { type EpochKey, epochKey, ordinalOf } from './place.ts';

const startEpoch = (ledger: Ledger, epoch: EpochKey): Ledger => {
  const lastSeq = (lane: Lane): number => ledger.lanes[lane].nextSeq - 1;
  const begun = lanes.reduce<Ledger>((next, lane) => withLane(next, lane, { nextSeq: 1 }), {
    ...ledger,
    epoch,
    earlier: [
      ...ledger.earlier,
      {
        epoch: ledger.epoch,
        lastSeq: { reading: lastSeq('reading'), prealert: lastSeq('prealert'), gap: lastSeq('gap') },
      },
    ],
  });
  const moved = lanes.reduce<Ledger>((next, lane) => {
    const { head } = next.lanes[lane];
    return withLane(next, lane, { head: placeAfter(next, lane, { ...head, seq: head.seq - 1 }) });
  }, begun);
  return forgetDrained(moved);
};

/** What was accepted so far belongs to an earlier epoch from now on; numbers begin at 1 again. */
export const beginEpoch = (ledger: Ledger, newEpoch: string): Ledger =>
  startEpoch(ledger, epochKey(ordinalOf(ledger.epoch) + 1, newEpoch));

const raiseLane = (ledger: Ledger, lane: Lane, highWater: HighWater): Ledger => {
  const { nextSeq, accepted } = ledger.lanes[lane];
  const missing = Math.max(0, highWater.lanes[lane].nextSeq - nextSeq);
  return withLane(ledger, lane, {
    nextSeq: nextSeq + missing,
    accepted: { ...accepted, count: accepted.count + missing },
  });
};

/** Counts as accepted what the mark knows of and the ledger does not; reading on will find it lost. */
export const raiseTo = (ledger: Ledger, highWater: HighWater): Ledger => {
  if (highWater.epoch < ledger.epoch) return ledger;
  const same = highWater.epoch === ledger.epoch ? ledger : startEpoch(ledger, highWater.epoch);
  return lanes.reduce<Ledger>((next, lane) => raiseLane(next, lane, highWater), same);
};

const withHead = (ledger: Ledger, lane: Lane, highWater: HighWater): Ledger => {
  const { head, accepted, nextSeq } = ledger.lanes[lane];
  const { head: seq, nextSeq: markedNextSeq } = highWater.lanes[lane];
  const isFound = nextSeq > 1;
  if (head.epoch !== highWater.epoch || (isFound && head.seq <= seq)) return ledger;
  const place = { epoch: head.epoch, seq };
  return withLane(ledger, lane, {
    head: place,
    cleared: place,
    nextSeq: isFound ? nextSeq : markedNextSeq,
    accepted: { ...accepted, count: isFound ? accepted.count + head.seq - seq : markedNextSeq - seq },
  });
};

/** For a ledger that was put together from what was found: the records before the first of them are known too. */
export const withHeads = (ledger: Ledger, highWater: HighWater): Ledger =>
  lanes.reduce<Ledger>((next, lane) => withHead(next, lane, highWater), ledger);

/** All that is known of a store that is gone: what it still held waits, and will be found lost. */
export const ledgerOf = (highWater: HighWater): Ledger => withHeads(emptyLedger(highWater.epoch), highWater);
