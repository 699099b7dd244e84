import type { Draft } from './draft.ts';
import type { HandedOut } from './handed-out.ts';
import { countWaiting } from './lane-scan.ts';
import { endOf, placeAfter } from './ledger.ts';
import type { Lane } from './outbox.ts';
import { isBefore, type Place } from './place.ts';

export type Acknowledged = { readonly lane: Lane; readonly upTo: Place; readonly handedOut: HandedOut };

/** Counts everything up to and including a place as delivered; resolves with how many records that were. */
export const acknowledge = async (draft: Draft, { lane, upTo, handedOut }: Acknowledged): Promise<number> => {
  const { store, committed } = draft.parts;
  const { head } = draft.ledger.lanes[lane];
  const after = placeAfter(committed, lane, upTo);
  const end = endOf(committed, lane);
  const until = isBefore(end, after) ? end : after;
  if (!isBefore(head, until)) return 0;
  const amount =
    handedOut.take(head, until) ?? (await countWaiting(store, [committed, lane], { from: head, until }));
  draft.advance(lane, until, [amount, 'delivered']);
  return amount.count;
};
