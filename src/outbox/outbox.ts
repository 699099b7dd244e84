import type { Log } from '../log.ts';
import type { Store, StoreChange } from '../store/store.ts';
import { type Batch, scanLane } from './batch.ts';
import { Committer } from './committer.ts';
import { readDeadLetters } from './dead-letters.ts';
import { keepBound } from './eviction.ts';
import type { Gap, TimeOf } from './gap.ts';
import { type Ledger, statsOf, waitingBytes } from './ledger.ts';
import type { LedgerMark } from './ledger-mark.ts';
import { epochOf } from './record-key.ts';
import {
  type BatchLimit,
  type JsonValue,
  type OutboxRecord,
  type OutboxStats,
  type RecordId,
  type RecordLane,
  recordLanes,
  type StateChanges,
} from './records.ts';
import { SpaceReclaimer } from './space-reclaimer.ts';
import { addChecksum, parseBody, verifyChecksum } from './stored-record.ts';
import type { Transaction } from './transaction.ts';

const stateKey = (key: string): string => `state/${key}`;

const stateChanges = (changes: StateChanges): readonly StoreChange[] =>
  Object.entries(changes).map(([name, value]) => {
    const key = stateKey(name);
    return { key, value: addChecksum(key, JSON.stringify(value)) };
  });

const STATE_RANGE = { from: stateKey(''), until: 'state0' };

/** As `StateChanges` says. */
const joinState = (before: JsonValue | undefined, since: JsonValue | undefined): JsonValue => {
  if (typeof before === 'number' && typeof since === 'number') return before + since;
  if (Array.isArray(before) && Array.isArray(since)) return [...before, ...since];
  return since ?? before ?? null;
};

const LOST = 'the disk took nothing until the end: what was kept in memory is lost';

/** `isDamaged`: something was kept under this key, and it cannot be read any more. */
export type ReadState = { readonly value: JsonValue | undefined; readonly isDamaged: boolean };

const readState = async (store: Pick<Store, 'get' | 'entries'>, name: string): Promise<ReadState> => {
  const key = stateKey(name);
  const stored = await store.get(key);
  if (stored === undefined) return { value: undefined, isDamaged: false };
  const text = verifyChecksum(key, stored);
  return text === null ? { value: undefined, isDamaged: true } : { value: parseBody(text), isDamaged: false };
};

/** Below this share of its bound a full outbox counts as recovered. */
const RECOVERED_SHARE = 0.9;

export type OutboxParts = {
  readonly store: Store;
  readonly log: Log;
  /** Of all lanes together, each record with its key. */
  readonly maxBytes: number;
  readonly timeOf: TimeOf;
  readonly mark: LedgerMark;
};

/** `isStored`: it is on the disk, not only in memory. */
export type Appended = RecordId & { readonly isStored: boolean };

/**
 * The durable queue between sensors and network. A reader takes a batch from the head of a lane and gives it back:
 * delivered, or dead-lettered. Taking changes nothing, so that a batch that is never given back is taken again.
 * `append` and `putState` resolve once the change would survive a power cut. What is given back is not flushed:
 * losing that at a power cut costs a duplicate, never a reading.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #committer: Committer;
  readonly #reclaimer: SpaceReclaimer;
  #isFull = false;
  /** What was evicted still lies on the disk. */
  #hasEvicted = false;

  /** Goes on from a ledger whose epoch nothing was stored in. */
  constructor(parts: OutboxParts, ledger: Ledger) {
    this.#parts = parts;
    this.#reclaimer = new SpaceReclaimer(parts.store, parts.log, ledger);
    this.#committer = new Committer(
      {
        store: parts.store,
        timeOf: parts.timeOf,
        reclaimer: this.#reclaimer,
        mark: parts.mark,
        keepBound: (transaction) => this.#keepBound(transaction),
      },
      ledger,
    );
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
    if (this.#hasEvicted) {
      this.#hasEvicted = false;
      for (const evictedLane of recordLanes) await this.#reclaim(evictedLane, 0);
    }
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
    await this.#reclaim(lane, count);
  }

  /** Gives a batch of one record back as one that can never be sent; a reading becomes a gap. */
  async deadLetter(batch: Batch, reason: string): Promise<void> {
    const { lane, records } = batch;
    const [record] = records;
    if (record === undefined || records.length > 1) throw new RangeError('only one record is dead-lettered');
    await this.#committer.run('synced', (transaction) => transaction.deadLetter(batch, reason));
    const { epoch, seq } = record;
    this.#parts.log.error({ lane, epoch, seq, reason }, 'a record that can never be sent was dead-lettered');
    await this.#reclaim(lane, 1);
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

  async getState(key: string): Promise<JsonValue | undefined> {
    const { value, isDamaged } = await readState(this.#committer.store, key);
    if (isDamaged) this.#parts.log.error({ key }, 'a damaged piece of state was forgotten');
    return value;
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
    const waiting = { maxRecords: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };
    const [reading, prealert] = [
      await memory.take('reading', waiting),
      await memory.take('prealert', waiting),
    ];
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
    if (lost > 0) this.#parts.log.error({ records: lost }, LOST);
    await this.#reclaimer.finished();
    this.#parts.mark.close();
  }

  async #keepBound(transaction: Transaction): Promise<void> {
    const { maxBytes, log } = this.#parts;
    if (
      (await keepBound(transaction, this.#committer.ledger, { store: this.#committer.store, maxBytes })) === 0
    )
      return;
    this.#hasEvicted = true;
    if (!this.#isFull) log.warn({ maxBytes }, 'the outbox is full, the oldest records are dropped');
    this.#isFull = true;
  }

  async #reclaim(lane: RecordLane, count: number): Promise<void> {
    const { ledger } = this.#committer;
    await this.#reclaimer.reclaim(ledger, lane, count);
    if (waitingBytes(ledger) < this.#parts.maxBytes * RECOVERED_SHARE) this.#isFull = false;
  }
}
