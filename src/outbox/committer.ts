import { HeldChanges } from '../store/full-disk.ts';
import { StorageFullError, type Store, type StoreChange, unlessFull } from '../store/store.ts';
import type { Batch, BatchRecord } from './batch.ts';
import {
  type Amount,
  add,
  endOf,
  forgetDrained,
  type Ledger,
  previousOf,
  stretchesOf,
  waitingOf,
  withLane,
} from './ledger.ts';
import { addGap, type Gap, type RecordLane, recordLanes, removeGap, type TimeOf } from './records.ts';
import { isPartOfLedger, type LedgerMark, ledgerChanges } from './stored-ledger.ts';
import {
  type DeadLetter,
  deadLetterKey,
  encodeRecord,
  encodeTaken,
  epochOf,
  isBefore,
  jsonChange,
  type KeySpan,
  OVERHEAD_BYTES,
  type RecordKey,
  recordBytes,
  recordKey,
} from './stored-record.ts';

/** The newest ones are kept for a person to look at. */
const DEAD_LETTERS_KEPT = 100;

type Outcome = keyof Ledger['totals'];

/** Changes that will be committed together, and the ledger as it is with them. */
export class Transaction {
  readonly #timeOf: TimeOf;
  readonly #changes: StoreChange[] = [];
  #ledger: Ledger;
  #isLedgerChanged: boolean;

  /** `isStale`: the disk does not hold this ledger yet. */
  constructor(ledger: Ledger, options: { readonly isStale: boolean; readonly timeOf: TimeOf }) {
    this.#ledger = ledger;
    this.#isLedgerChanged = options.isStale;
    this.#timeOf = options.timeOf;
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  /** The newest record of a lane tells how much its lane accepted, so that an append need not write the ledger. */
  changes(): readonly StoreChange[] {
    return this.#isLedgerChanged ? [...this.#changes, ...ledgerChanges(this.#ledger)] : this.#changes;
  }

  put(changes: readonly StoreChange[]): void {
    this.#changes.push(...changes);
  }

  append(lane: RecordLane, json: string): RecordKey {
    const key = endOf(this.#ledger, lane);
    const accepted = add(this.#ledger.lanes[lane].accepted, { count: 1, bytes: recordBytes(json) });
    const entry = recordKey(lane, key);
    this.put([{ key: entry, value: encodeRecord(entry, json, accepted.bytes) }]);
    this.#ledger = withLane(this.#ledger, lane, { accepted, nextSeq: key.seq + 1 });
    return key;
  }

  /** Counts a batch as delivered. Returns how many of its records still waited. */
  accept(batch: Batch): number {
    return this.#take(batch, 'delivered');
  }

  /** Keeps the only record of a batch for a person to look at. */
  deadLetter(batch: Batch, reason: string): void {
    const [record] = batch.recordsFrom(this.#ledger.lanes[batch.lane].head);
    if (record !== undefined) {
      const { epoch, seq, body } = record;
      this.keepDeadLetter({ lane: batch.lane, epoch, seq, reason, body });
    }
    this.#take(batch, 'setAside', 'refused');
  }

  keepDeadLetter(letter: DeadLetter): void {
    const { nextSeq } = this.#ledger.aside;
    this.put([jsonChange(deadLetterKey(nextSeq), letter)]);
    if (nextSeq > DEAD_LETTERS_KEPT)
      this.put([{ key: deadLetterKey(nextSeq - DEAD_LETTERS_KEPT), value: null }]);
    this.#setLedger({ ...this.#ledger, aside: { nextSeq: nextSeq + 1 } });
  }

  /** Drops the records of a batch to make room. */
  drop(batch: Batch): void {
    this.#take(batch, 'givenUp', 'full');
  }

  /**
   * Takes over what an outbox in memory accepted, under the names that it gave: the current epoch, in which nothing was
   * stored yet, is its epoch. `records` wait, everything before them has left.
   */
  adopt(memory: Ledger, records: Readonly<Record<RecordLane, readonly BatchRecord[]>>): void {
    for (const lane of recordLanes) {
      const { head, removed } = memory.lanes[lane];
      const own = this.#ledger.lanes[lane];
      const first = recordKey(lane, { epoch: this.#ledger.epoch, seq: 1 });
      if (head.seq > 1) this.put([{ key: first, value: encodeTaken(first, head.seq - 1) }]);
      this.#ledger = withLane(this.#ledger, lane, {
        accepted: add(own.accepted, removed),
        removed: add(own.removed, removed),
        nextSeq: head.seq,
      });
      for (const { body } of records[lane]) this.append(lane, JSON.stringify(body));
    }
    for (const gap of memory.gaps) {
      const previous = gap.fromseq === 1 ? this.#ledger.previous : null;
      this.#ledger = { ...this.#ledger, gaps: addGap(this.#ledger.gaps, { ...gap, previous }) };
    }
    const { delivered, setAside, givenUp } = this.#ledger.totals;
    this.#setLedger({
      ...this.#ledger,
      totals: {
        delivered: delivered + memory.totals.delivered,
        setAside: setAside + memory.totals.setAside,
        givenUp: givenUp + memory.totals.givenUp,
      },
    });
  }

  acceptGap(gap: Gap): void {
    this.#setLedger({ ...this.#ledger, gaps: removeGap(this.#ledger.gaps, gap) });
  }

  #take(batch: Batch, outcome: Outcome, reason?: Gap['reason']): number {
    const { lane, lost, until } = batch;
    const { head } = this.#ledger.lanes[lane];
    // Whatever of it left in the meantime, to make room, is accounted for.
    if (!isBefore(head, until)) return 0;
    if (lost !== null && isBefore(head, lost.until))
      this.#dropLost(lane, { ...lost, from: isBefore(head, lost.from) ? lost.from : head });
    this.put(batch.entriesFrom(head).map((key) => ({ key, value: null })));
    const records = batch.recordsFrom(head);
    this.#count(lane, outcome, {
      count: records.length,
      bytes: records.reduce((sum, { bytes }) => sum + bytes + OVERHEAD_BYTES, 0),
    });
    if (lane === 'reading' && reason !== undefined)
      for (const { key, body } of records) {
        const at = this.#timeOf(body);
        this.#addGap(key, key.seq, { count: 1, reason, from: at, to: at });
      }
    this.#setLedger(forgetDrained(withLane(this.#ledger, lane, { head: until })));
    return records.length;
  }

  #dropLost(lane: RecordLane, lost: KeySpan): void {
    for (const { epoch, from, to } of stretchesOf(this.#ledger, lane, lost)) {
      const count = to - from + 1;
      // Their size is not known; it is made good whenever nothing waits.
      this.#count(lane, 'givenUp', { count, bytes: 0 });
      if (lane === 'reading')
        this.#addGap({ epoch, seq: from }, to, { count, reason: 'damaged', from: null, to: null });
    }
  }

  #addGap(
    { epoch, seq }: RecordKey,
    toseq: number,
    rest: Pick<Gap, 'count' | 'reason' | 'from' | 'to'>,
  ): void {
    const previous = seq === 1 ? previousOf(this.#ledger, epoch) : null;
    const gap: Gap = { epoch: epochOf(epoch), fromseq: seq, toseq, ...rest, previous };
    this.#ledger = { ...this.#ledger, gaps: addGap(this.#ledger.gaps, gap) };
  }

  #count(lane: RecordLane, outcome: Outcome, amount: Amount): void {
    const own = this.#ledger.lanes[lane];
    const removed = add(own.removed, amount);
    const isDrained = waitingOf({ ...own, removed }).count === 0;
    const { totals } = this.#ledger;
    this.#setLedger({
      ...withLane(this.#ledger, lane, { removed: isDrained ? own.accepted : removed }),
      totals: { ...totals, [outcome]: totals[outcome] + amount.count },
    });
  }

  #setLedger(ledger: Ledger): void {
    this.#ledger = ledger;
    this.#isLedgerChanged = true;
  }
}

/** Changes a transaction; what it returns is known once the transaction is committed. */
type Operation<Result> = (transaction: Transaction) => Result;

/** `lazy`: needs no flush. */
type Durability = 'synced' | 'lazy';

/** Changes that are kept in memory while the disk is full: readings of three hours at one in 12 s. */
const MAX_HELD = 1_000;

/** What an operation gave, and whether it is on the disk: on a full one it is kept in memory until there is room. */
type Committed<Result> = { readonly result: Result; readonly isStored: boolean };

type Waiting = {
  readonly durability: Durability;
  /** Applies the operation and returns what settles it. */
  readonly apply: (transaction: Transaction) => (isStored: boolean) => void;
  readonly reject: (error: unknown) => void;
};

type CommitterParts = {
  readonly store: Store;
  readonly timeOf: TimeOf;
  readonly mark: LedgerMark;
  /** Brings a transaction within the bound before it is committed. */
  readonly keepBound: (transaction: Transaction) => Promise<void>;
};

/** Commits operations in the order of their calls; what arrives during a commit shares the next one. */
export class Committer {
  readonly #parts: CommitterParts;
  #ledger: Ledger;
  /** Also at first: the epoch that begins with this run is on the disk once something is stored in it. */
  #isLedgerStale = true;
  readonly #held: HeldChanges;
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;

  /** `pending`: written with the first commit. */
  constructor(parts: CommitterParts, ledger: Ledger, pending: readonly StoreChange[]) {
    this.#parts = parts;
    this.#ledger = ledger;
    this.#held = new HeldChanges(parts.store);
    this.#held.hold(pending);
  }

  /** The store with what it did not take yet. */
  get store(): Pick<Store, 'get' | 'entries'> {
    return this.#held;
  }

  /** What a reopening would find, but for what a full disk did not take. */
  get ledger(): Ledger {
    return this.#ledger;
  }

  run<Result>(durability: Durability, operation: Operation<Result>): Promise<Committed<Result>> {
    return new Promise((resolve, reject) => {
      const apply = (transaction: Transaction) => {
        const result = operation(transaction);
        return (isStored: boolean) => resolve({ result, isStored });
      };
      this.#waiting.push({ durability, apply, reject });
      this.#running ??= this.#commitAll();
    });
  }

  /** Resolves when nothing waits any more, with the records that the disk did not take until now. */
  async finished(): Promise<number> {
    if (this.#held.values().length > 0) await unlessFull(this.run('synced', () => undefined));
    await this.#running;
    return this.#held.values().filter((key) => key.startsWith('outbox/')).length;
  }

  /** What is kept in memory is stored elsewhere. */
  forgetHeld(): void {
    this.#held.forget();
  }

  async #commitAll(): Promise<void> {
    // Whoever calls in the same turn shares the first commit too.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commitGroup(this.#waiting.splice(0));
    this.#running = null;
  }

  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const { timeOf } = this.#parts;
      const transaction = new Transaction(this.#ledger, { isStale: this.#isLedgerStale, timeOf });
      const settles = group.map(({ apply }) => apply(transaction));
      await this.#parts.keepBound(transaction);
      const isStored = await this.#write(
        transaction,
        group.some(({ durability }) => durability === 'synced'),
      );
      for (const settle of settles) settle(isStored);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  /** Resolves with whether it is on the disk. */
  async #write(transaction: Transaction, sync: boolean): Promise<boolean> {
    const changes = transaction.changes();
    let isStored = true;
    try {
      await this.#parts.store.write([...this.#held.all(), ...changes], { sync });
      this.#held.forget();
    } catch (error) {
      if (!(error instanceof StorageFullError) || this.#held.values().length >= MAX_HELD) throw error;
      this.#held.hold(changes.filter((change) => !isPartOfLedger(change)));
      isStored = false;
    }
    this.#ledger = transaction.ledger;
    this.#isLedgerStale = !isStored;
    this.#parts.mark.note(this.#ledger);
    return isStored;
  }
}
