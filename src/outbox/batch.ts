import type { Store } from '../store/store.ts';
import { endOf, keyAfter, type Ledger, previousOf, wasGiven } from './ledger.ts';
import type { BatchLimit, OutboxRecord, RecordLane } from './records.ts';
import {
  decodeRecord,
  epochOf,
  isBefore,
  type KeySpan,
  OVERHEAD_BYTES,
  parseBody,
  parseRecordKey,
  type RecordKey,
  recordKey,
} from './stored-record.ts';

export type BatchRecord = OutboxRecord & {
  readonly key: RecordKey;
  /** Of the body's JSON. */
  readonly bytes: number;
};

type BatchFields = {
  readonly lane: RecordLane;
  readonly records: readonly BatchRecord[];
  /** Missing or damaged records before the first one; they are dropped when the batch is given back. */
  readonly lost: KeySpan | null;
  /** Nothing before it waits once the batch is accepted. */
  readonly until: RecordKey;
  /** The store's keys that were met, whatever lies under them. */
  readonly entries: readonly string[];
};

/** Adjacent records from the head of a lane, oldest first. They wait until the batch is given back. */
export class Batch {
  readonly #fields: BatchFields;
  readonly lane: RecordLane;
  readonly records: readonly BatchRecord[];
  readonly lost: KeySpan | null;
  readonly until: RecordKey;

  constructor(fields: BatchFields) {
    this.#fields = fields;
    this.lane = fields.lane;
    this.records = fields.records;
    this.lost = fields.lost;
    this.until = fields.until;
  }

  get count(): number {
    return this.records.length;
  }

  /** Of the bodies' JSON. */
  get bytes(): number {
    return this.records.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** The batch of its first `count` records, for whoever sends less than he took. */
  first(count: number): Batch {
    const rest = this.records[count];
    return rest === undefined
      ? this
      : new Batch({ ...this.#fields, records: this.records.slice(0, count), until: rest.key });
  }

  /** The batch without its first `count` records, which must have left before this one is given back. */
  after(count: number): Batch {
    return new Batch({ ...this.#fields, records: this.records.slice(count), lost: null });
  }

  /** As many of the oldest records as free so many bytes. */
  freeing(wantedBytes: number): Batch {
    let freed = 0;
    const index = this.records.findIndex(({ bytes }) => {
      freed += bytes + OVERHEAD_BYTES;
      return freed >= wantedBytes;
    });
    return index === -1 ? this : this.first(index + 1);
  }

  /** Its records from a key on: others may have left since it was taken. */
  recordsFrom(head: RecordKey): readonly BatchRecord[] {
    return this.records.filter(({ key }) => !isBefore(key, head));
  }

  /** What of it lies on the disk from a key on. */
  entriesFrom(head: RecordKey): readonly string[] {
    const [from, until] = [recordKey(this.lane, head), recordKey(this.lane, this.until)];
    return this.#fields.entries.filter((entry) => entry >= from && entry < until);
  }
}

const MAX_ENTRIES = 500;

/** Where a scan has come to, and what it found there. */
class Cursor {
  readonly records: BatchRecord[] = [];
  lost: KeySpan | null = null;
  next: RecordKey;
  isFinished = false;
  readonly #ledger: Ledger;
  readonly #lane: RecordLane;
  readonly #limit: BatchLimit;
  #bytes = 0;

  constructor(ledger: Ledger, lane: RecordLane, from: RecordKey, limit: BatchLimit) {
    this.#ledger = ledger;
    this.#lane = lane;
    this.#limit = limit;
    this.next = from;
  }

  take(entry: string, value: string): void {
    const key = parseRecordKey(entry);
    if (key === null || isBefore(key, this.next)) return;
    // A damaged table gives keys that were never written.
    const isSkipped = isBefore(this.next, key);
    if (isSkipped && (!wasGiven(this.#ledger, this.#lane, key) || !this.lose(key))) return;
    const record = decodeRecord(entry, value);
    if (record === null) this.lose(this.#after(key));
    else if (record.kind === 'taken') this.next = this.#after({ epoch: key.epoch, seq: record.until });
    else this.#add(key, record.json);
  }

  /** Whether the scan goes on: damage is met at the head only, and one span of it at a time. */
  lose(until: RecordKey): boolean {
    const isContinued = this.lost === null || !isBefore(this.lost.until, this.next);
    if (this.records.length > 0 || !isContinued) {
      this.isFinished = true;
      return false;
    }
    this.lost = { from: this.lost?.from ?? this.next, until };
    this.next = until;
    return true;
  }

  #add(key: RecordKey, json: string): void {
    const bytes = Buffer.byteLength(json);
    const { maxRecords, maxBytes } = this.#limit;
    if (this.records.length > 0 && this.#bytes + bytes > maxBytes) {
      this.isFinished = true;
      return;
    }
    this.#bytes += bytes;
    const record = { epoch: epochOf(key.epoch), seq: key.seq, body: parseBody(json), key, bytes };
    const isFirst = this.#lane === 'reading' && key.seq === 1;
    const previous = isFirst ? previousOf(this.#ledger, key.epoch) : null;
    this.records.push(previous === null ? record : { ...record, previous });
    this.next = this.#after(key);
    this.isFinished = this.records.length >= maxRecords;
  }

  #after(key: RecordKey): RecordKey {
    return keyAfter(this.#ledger, this.#lane, key);
  }
}

/**
 * Reads the records of a lane from `from` on, up to the limit or to damage behind the first of them; `null` at the end.
 * Every key between must hold a record or be known as taken, or else it is lost. Where a scan over a damaged table
 * misses a record that is there, the next batch begins with a seek for it and finds it.
 */
export const scanLane = async (
  store: Pick<Store, 'entries'>,
  ledger: Ledger,
  lane: RecordLane,
  { from, ...limit }: BatchLimit & { readonly from: RecordKey },
): Promise<Batch | null> => {
  const end = endOf(ledger, lane);
  if (!isBefore(from, end)) return null;
  const cursor = new Cursor(ledger, lane, from, limit);
  const until = recordKey(lane, end);
  const met: string[] = [];
  let seek = recordKey(lane, from);
  while (!cursor.isFinished) {
    const wanted = Math.min(MAX_ENTRIES, limit.maxRecords - cursor.records.length);
    const entries = await store.entries({ from: seek, until }, { limit: wanted });
    for (const [key, value] of entries) {
      met.push(key);
      cursor.take(key, value);
      if (cursor.isFinished) break;
    }
    const last = entries.at(-1)?.[0];
    if (entries.length < wanted || last === undefined || last < seek) {
      if (!cursor.isFinished && isBefore(cursor.next, end)) cursor.lose(end);
      break;
    }
    seek = `${last}\u0000`;
  }
  return new Batch({ lane, records: cursor.records, lost: cursor.lost, until: cursor.next, entries: met });
};

/** Everything that waits in a lane, batch by batch. */
export async function* walkLane(
  store: Pick<Store, 'entries'>,
  ledger: Ledger,
  lane: RecordLane,
): AsyncGenerator<Batch> {
  let from = ledger.lanes[lane].head;
  for (;;) {
    const batch = await scanLane(store, ledger, lane, {
      from,
      maxRecords: MAX_ENTRIES,
      maxBytes: Number.POSITIVE_INFINITY,
    });
    if (batch === null) return;
    yield batch;
    from = batch.until;
  }
}
