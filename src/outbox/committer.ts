import { StorageFullError, type Store } from '../store/store.ts';
import type { TimeOf } from './gap.ts';
import type { Ledger } from './ledger.ts';
import type { LedgerMark } from './ledger-mark.ts';
import type { SpaceReclaimer } from './space-reclaimer.ts';
import { Transaction } from './transaction.ts';

/** Changes a transaction; what it returns is known once the transaction is committed. */
export type Operation<Result> = (transaction: Transaction) => Result;

/** `lazy`: needs no flush, and on a full disk counts at once and is written with whatever is written next. */
export type Durability = 'synced' | 'lazy';

type Waiting = {
  readonly durability: Durability;
  /** Applies the operation and returns what settles it. */
  readonly apply: (transaction: Transaction) => () => void;
  readonly reject: (error: unknown) => void;
};

export type CommitterParts = {
  readonly store: Store;
  readonly timeOf: TimeOf;
  readonly reclaimer: SpaceReclaimer;
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
  #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;

  constructor(parts: CommitterParts, ledger: Ledger) {
    this.#parts = parts;
    this.#ledger = ledger;
  }

  /** What a reopening would find, but for lazy operations on a full disk. */
  get ledger(): Ledger {
    return this.#ledger;
  }

  run<Result>(durability: Durability, operation: Operation<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const apply = (transaction: Transaction): (() => void) => {
        const result = operation(transaction);
        return () => resolve(result);
      };
      this.#waiting.push({ durability, apply, reject });
      this.#running ??= this.#commitAll();
    });
  }

  /** Resolves when nothing waits any more. */
  async drained(): Promise<void> {
    await this.#running;
  }

  async #commitAll(): Promise<void> {
    // Whoever calls in the same turn shares the first commit too.
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#commitGroup(this.#waiting.splice(0));
    this.#running = null;
  }

  async #commitGroup(group: readonly Waiting[]): Promise<void> {
    try {
      const transaction = this.#begin();
      const settles = group.map(({ apply }) => apply(transaction));
      await this.#parts.keepBound(transaction);
      const sync = group.some(({ durability }) => durability === 'synced');
      await this.#parts.store.write(transaction.changes(), { sync });
      this.#keep(transaction, false);
      for (const settle of settles) settle();
    } catch (error) {
      const isFull = error instanceof StorageFullError;
      const isKept = ({ durability }: Waiting): boolean => isFull && durability === 'lazy';
      for (const waiting of group) if (!isKept(waiting)) waiting.reject(error);
      const transaction = this.#begin();
      const settles = group.filter(isKept).map(({ apply }) => apply(transaction));
      this.#keep(transaction, this.#isLedgerStale || settles.length > 0);
      for (const settle of settles) settle();
    }
  }

  #begin(): Transaction {
    const ledger = this.#parts.reclaimer.noteIn(this.#ledger);
    return new Transaction(ledger, { isStale: this.#isLedgerStale, timeOf: this.#parts.timeOf });
  }

  #keep({ ledger, hasOnlyGrown }: Transaction, isStale: boolean): void {
    this.#ledger = ledger;
    this.#isLedgerStale = isStale;
    this.#parts.mark.note(ledger, hasOnlyGrown);
  }
}
