import { isBefore, type KeySpan, type RecordKey } from './record-key.ts';
import type { OutboxRecord, RecordLane } from './records.ts';

export type BatchRecord = OutboxRecord & {
  readonly key: RecordKey;
  /** Of the body's JSON. */
  readonly bytes: number;
};

/** Adjacent records from the head of a lane, oldest first. They wait until the batch is given back. */
export class Batch {
  readonly lane: RecordLane;
  readonly records: readonly BatchRecord[];
  /** Missing or damaged records before the first one; they are dropped when the batch is given back. */
  readonly lost: KeySpan | null;
  /** Nothing before it waits once the batch is accepted. */
  readonly until: RecordKey;

  constructor(
    lane: RecordLane,
    records: readonly BatchRecord[],
    { lost, until }: { readonly lost: KeySpan | null; readonly until: RecordKey },
  ) {
    this.lane = lane;
    this.records = records;
    this.lost = lost;
    this.until = until;
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
    if (rest === undefined) return this;
    return new Batch(this.lane, this.records.slice(0, count), { lost: this.lost, until: rest.key });
  }

  /** The batch without its first `count` records, which must have left before this one is given back. */
  after(count: number): Batch {
    return new Batch(this.lane, this.records.slice(count), { lost: null, until: this.until });
  }

  /** Its records from a key on: others may have left since it was taken. */
  recordsFrom(head: RecordKey): readonly BatchRecord[] {
    return this.records.filter(({ key }) => !isBefore(key, head));
  }
}
