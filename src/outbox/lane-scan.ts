import type { Store } from '../store/store.ts';
import { type Amount, add, endOf, type Ledger, nothing, placeAfter, stretches, wasGiven } from './ledger.ts';
import type { Lane } from './outbox.ts';
import { isBefore, type Place, placeOfKey, recordKey } from './place.ts';
import { decodeRecord, recordBytes } from './stored-record.ts';

export type ScannedRecord = { readonly place: Place; readonly json: string; readonly bytes: number };

/** Places that should hold a record and do not, or hold a damaged one; `until` is not among them. */
export type Loss = { readonly from: Place; readonly until: Place };

export type Scan = {
  readonly records: readonly ScannedRecord[];
  /** Where the next scan goes on; a loss, when there is one, lies before it and after the records. */
  readonly next: Place;
  readonly loss: Loss | null;
};

/** Where a scan has come to, and what it found there. */
class Cursor {
  readonly records: ScannedRecord[] = [];
  next: Place;
  loss: Loss | null = null;
  readonly #ledger: Ledger;
  readonly #lane: Lane;

  constructor(ledger: Ledger, lane: Lane, from: Place) {
    this.#ledger = ledger;
    this.#lane = lane;
    this.next = from;
  }

  /** Takes one entry of the store; stops at a loss. */
  take(key: string, value: string): void {
    const place = placeOfKey(key);
    if (place === null || isBefore(place, this.next)) return;
    if (isBefore(this.next, place)) {
      if (wasGiven(this.#ledger, this.#lane, place)) this.lose(place);
      return;
    }
    const record = decodeRecord(key, value);
    if (record === null) this.lose(this.#after(place));
    else if (record.kind === 'taken') this.next = this.#after({ epoch: place.epoch, seq: record.until });
    else {
      this.records.push({ place, json: record.json, bytes: recordBytes(record.json) });
      this.next = this.#after(place);
    }
  }

  lose(until: Place): void {
    this.loss = { from: this.next, until };
    this.next = until;
  }

  #after(place: Place): Place {
    return placeAfter(this.#ledger, this.#lane, place);
  }
}

/**
 * Reads the records of a lane from `from` on, in order, up to `maxRecords` or to the first loss.
 * Every place between must hold a record or be known as taken, or else it is a loss.
 */
export const scanLane = async (
  store: Store,
  [ledger, lane]: readonly [Ledger, Lane],
  { from, maxRecords }: { readonly from: Place; readonly maxRecords: number },
): Promise<Scan> => {
  const end = endOf(ledger, lane);
  const cursor = new Cursor(ledger, lane, from);
  if (!isBefore(from, end)) return cursor;
  const until = recordKey(lane, end);
  let seek = recordKey(lane, from);
  // Keys of a damaged table may be none, and more of them than records are read at once.
  while (cursor.records.length === 0 && !isBefore(from, cursor.next)) {
    const entries = await store.entries({ from: seek, until }, { limit: maxRecords });
    for (const [key, value] of entries) {
      cursor.take(key, value);
      if (cursor.loss !== null) return cursor;
    }
    const last = entries.at(-1)?.[0];
    if (entries.length < maxRecords || last === undefined || last < seek) {
      if (isBefore(cursor.next, end)) cursor.lose(end);
      return cursor;
    }
    seek = `${last}\u0000`;
  }
  return cursor;
};

const SCAN_RECORDS = 500;

/** What waits from `from` up to and without `until`, losses included, for a caller that did not pick it before. */
export const countWaiting = async (
  store: Store,
  [ledger, lane]: readonly [Ledger, Lane],
  { from, until }: { readonly from: Place; readonly until: Place },
): Promise<Amount> => {
  let sum: Amount = nothing;
  let next = from;
  while (isBefore(next, until)) {
    const scan = await scanLane(store, [ledger, lane], { from: next, maxRecords: SCAN_RECORDS });
    for (const { place, bytes } of scan.records)
      if (isBefore(place, until)) sum = add(sum, { count: 1, bytes });
    if (scan.loss !== null) {
      const end = isBefore(until, scan.loss.until) ? until : scan.loss.until;
      for (const { from: first, to } of stretches(ledger, lane, [scan.loss.from, end]))
        sum = add(sum, { count: to - first + 1, bytes: 0 });
    }
    next = scan.next;
  }
  return sum;
};
