import { HeldChanges } from '../store/full-disk.ts';
import { StorageFullError, type Store, type StoreChange, unlessFull } from '../store/store.ts';
import type { TimeOf } from './gap.ts';
import type { Ledger } from './ledger.ts';
import { isPartOfLedger, type LedgerMark } from './stored-ledger.ts';
import { Transaction } from './transaction.ts';

/** Changes a transaction; what it returns is known once the transaction is committed. */
export type Operation<Result> = (transaction: Transaction) => Result;

/** `lazy`: needs no flush. */
export type Durability = 'synced' | 'lazy';

/** Changes that are kept in memory while the disk is full: readings of three hours at one in 12 s. */
const MAX_HELD = 1_000;

/** What an operation gave, and whether it is on the disk: on a full one it is kept in memory until there is room. */
export type Committed<Result> = { readonly result: Result; readonly isStored: boolean };

type Waiting = {
  readonly durability: Durability;
  /** Applies the operation and returns what settles it. */
  readonly apply: (transaction: Transaction) => (isStored: boolean) => void;
  readonly reject: (error: unknown) => void;
};

export type CommitterParts = {
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
