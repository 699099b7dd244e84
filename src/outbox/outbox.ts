import type { Log } from '../log.ts';
import { type Store, type StoreChange, unlessFull } from '../store/store.ts';
import { type Batch, scanLane } from './batch.ts';
import { Committer, type Transaction } from './committer.ts';
import { type Ledger, statsOf, waitingBytes, waitingOf } from './ledger.ts';
import {
  type BatchLimit,
  type Gap,
  type JsonValue,
  type OutboxRecord,
  type OutboxStats,
  type RecordId,
  type RecordLane,
  recordLanes,
  type StateChanges,
  type TimeOf,
} from './records.ts';
import type { LedgerMark } from './stored-ledger.ts';
import {
  epochOf,
  jsonChange,
  laneRange,
  parseBody,
  readDeadLetters,
  recordKey,
  verifyChecksum,
} from './stored-record.ts';

const STATE_RANGE = { from: 'state/', until: 'state0' };
const stateKey = (key: string): string => `${STATE_RANGE.from}${key}`;

const stateChanges = (changes: StateChanges): readonly StoreChange[] =>
  Object.entries(changes).map(([name, value]) => jsonChange(stateKey(name), value));

/** As `StateChanges` says. */
const joinState = (before: JsonValue | undefined, since: JsonValue | undefined): JsonValue => {
  if (typeof before === 'number' && typeof since === 'number') return before + since;
  if (Array.isArray(before) && Array.isArray(since)) return [...before, ...since];
  return since ?? before ?? null;
};

/** Of one lane; as much as there is. */
const EVERYTHING: BatchLimit = { maxRecords: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };
/** Freed beyond need, so that a full outbox does not evict at every append. */
const SLACK_BYTES = 65_536;
const SLACK_SHARE = 0.01;
const EVICTED_AT_ONCE = 256;
/** Below this share of its bound a full outbox counts as recovered. */
const RECOVERED_SHARE = 0.9;
/** Deleted records after which a lane that has been drained is worth compacting. */
const COMPACT_AFTER = 20_000;

export type OutboxParts = {
  readonly store: Store;
  readonly log: Log;
  /** Of all lanes together, each record with its key. */
  readonly maxBytes: number;
  readonly timeOf: TimeOf;
  readonly mark: LedgerMark;
};

/** `isStored`: it is on the disk, not only in memory. */
type Appended = RecordId & { readonly isStored: boolean };

/**
 * The durable queue between sensors and network. A reader takes a batch from the head of a lane and gives it back:
 * delivered, or dead-lettered. Taking changes nothing, so that a batch that is never given back is taken again.
 * `append` and `putState` resolve once the change would survive a power cut. What is given back is not flushed:
 * losing that at a power cut costs a duplicate, never a reading.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #committer: Committer;
  #isFull = false;
  #deletedSinceCompaction = 0;
  #compaction: Promise<void> = Promise.resolve();

  /** Goes on from a ledger whose epoch nothing was stored in. `pending`: written with the first commit. */
  constructor(parts: OutboxParts, ledger: Ledger, pending: readonly StoreChange[] = []) {
    this.#parts = parts;
    const keepBound = (transaction: Transaction): Promise<void> => this.#keepBound(transaction);
    this.#committer = new Committer({ ...parts, keepBound }, ledger, pending);
  }

  get epoch(): string {
    return epochOf(this.#committer.ledger.epoch);
  }

  /**
   * `state` is written in the same atomic commit. What a full disk does not take is kept in memory, sent from there, and
   * written once there is room; rejects with `StorageFullError` when too much of that is kept.
   */
  async append(lane: RecordLane, body: JsonValue, state: StateChanges = {}): Promise<Appended> {
    const json = JSON.stringify(body);
    const changes = stateChanges(state);
    const { result: key, isStored } = await this.#committer.run('synced', (transaction) => {
      transaction.put(changes);
      return transaction.append(lane, json);
    });
    return { epoch: epochOf(key.epoch), seq: key.seq, isStored };
  }

  /** The oldest records across epochs, or `null` when none wait. A damaged record is never among them. */
  take(lane: RecordLane, { maxRecords, maxBytes }: BatchLimit): Promise<Batch | null> {
    const { ledger } = this.#committer;
    const from = ledger.lanes[lane].head;
    return scanLane(this.#committer.store, ledger, lane, { from, maxRecords, maxBytes });
  }

  /** Gives a batch back as delivered; what was lost before its first record is dropped and becomes a gap. */
  async accept(batch: Batch): Promise<void> {
    const { lane, lost } = batch;
    const { result: count } = await this.#committer.run('lazy', (transaction) => transaction.accept(batch));
    if (lost !== null) this.#parts.log.error({ lane, ...lost }, 'damaged records were dropped');
    this.#noteDeleted(lane, count);
  }

  /** Gives a batch of one record back as one that can never be sent; a reading becomes a gap. */
  async deadLetter(batch: Batch, reason: string): Promise<void> {
    const { lane, records } = batch;
    const [record] = records;
    if (record === undefined || records.length > 1) throw new RangeError('only one record is dead-lettered');
    await this.#committer.run('synced', (transaction) => transaction.deadLetter(batch, reason));
    const { epoch, seq } = record;
    this.#parts.log.error({ lane, epoch, seq, reason }, 'a record that can never be sent was dead-lettered');
    this.#noteDeleted(lane, 1);
  }

  /** Which readings were dropped, oldest first, as far as that was not delivered. */
  gaps(): readonly Gap[] {
    return this.#committer.ledger.gaps;
  }

  /** Gives a gap back as delivered. What it has grown by in the meantime stays. */
  async acceptGap(gap: Gap): Promise<void> {
    await this.#committer.run('lazy', (transaction) => transaction.acceptGap(gap));
  }

  /** The oldest record of a lane, or `null` when none waits. */
  async oldest(lane: RecordLane): Promise<OutboxRecord | null> {
    const batch = await this.take(lane, { maxRecords: 1, maxBytes: 1 });
    return batch?.records[0] ?? null;
  }

  async getState(name: string): Promise<JsonValue | undefined> {
    const key = stateKey(name);
    const stored = await this.#committer.store.get(key);
    if (stored === undefined) return undefined;
    const text = verifyChecksum(key, stored);
    if (text !== null) return parseBody(text);
    this.#parts.log.error({ key: name }, 'a damaged piece of state was forgotten');
    return undefined;
  }

  async putState(changes: StateChanges): Promise<void> {
    await this.#committer.run('synced', (transaction) => transaction.put(stateChanges(changes)));
  }

  stats(): OutboxStats {
    return statsOf(this.#committer.ledger);
  }

  /** Moves what an outbox in memory holds to the disk. The epoch of this one, empty so far, has its name. */
  async takeOver(memory: Outbox): Promise<void> {
    const { store, ledger } = memory.#committer;
    const reading = await memory.take('reading', EVERYTHING);
    const prealert = await memory.take('prealert', EVERYTHING);
    const letters = await readDeadLetters(store);
    const state: Record<string, JsonValue> = {};
    for (const [key] of await store.entries(STATE_RANGE)) {
      const name = key.slice(STATE_RANGE.from.length);
      state[name] = joinState(await this.getState(name), await memory.getState(name));
    }
    const { isStored } = await this.#committer.run('synced', (transaction) => {
      transaction.put(stateChanges(state));
      for (const letter of letters) transaction.keepDeadLetter(letter);
      transaction.adopt(ledger, { reading: reading?.records ?? [], prealert: prealert?.records ?? [] });
    });
    if (isStored) memory.#committer.forgetHeld();
  }

  /** What a full disk did not take is tried once more. */
  async close(): Promise<void> {
    const lost = await this.#committer.finished();
    if (lost > 0)
      this.#parts.log.error(
        { records: lost },
        'the disk took nothing until the end: what was kept in memory is lost',
      );
    await this.#compaction;
    this.#parts.mark.close();
  }

  /** Deletes what lies before the heads. */
  async clear(): Promise<void> {
    const { store } = this.#parts;
    for (const lane of recordLanes) {
      const until = recordKey(lane, this.#committer.ledger.lanes[lane].head);
      await unlessFull(store.deleteRange({ from: laneRange(lane).from, until }));
    }
  }

  /** Drops the oldest readings, then the oldest pre-alerts, until it is within its bound; what is not on the disk stays. */
  async #keepBound(transaction: Transaction): Promise<void> {
    const { maxBytes, log } = this.#parts;
    if (waitingBytes(transaction.ledger) <= maxBytes) return;
    const before = transaction.ledger.totals.givenUp;
    const { store, ledger } = this.#committer;
    const targetBytes = maxBytes - Math.min(SLACK_BYTES, maxBytes * SLACK_SHARE);
    const wantedBytes = (): number => waitingBytes(transaction.ledger) - targetBytes;
    const limit = { ...EVERYTHING, maxRecords: EVICTED_AT_ONCE };
    for (const lane of recordLanes) {
      while (wantedBytes() > 0) {
        const { head } = transaction.ledger.lanes[lane];
        const batch = await scanLane(store, ledger, lane, { from: head, ...limit });
        if (batch === null) break;
        transaction.drop(batch.freeing(wantedBytes()));
      }
    }
    if (transaction.ledger.totals.givenUp === before) return;
    if (!this.#isFull) log.warn({ maxBytes }, 'the outbox is full, the oldest records are dropped');
    this.#isFull = true;
  }

  #noteDeleted(lane: RecordLane, count: number): void {
    const { ledger } = this.#committer;
    if (waitingBytes(ledger) < this.#parts.maxBytes * RECOVERED_SHARE) this.#isFull = false;
    this.#deletedSinceCompaction += count;
    if (this.#deletedSinceCompaction < COMPACT_AFTER || waitingOf(ledger.lanes[lane]).count > 0) return;
    this.#deletedSinceCompaction = 0;
    const compact = (): Promise<void> => unlessFull(this.#parts.store.compact(laneRange(lane)));
    this.#compaction = this.#compaction.then(compact);
  }
}
