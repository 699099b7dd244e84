import type { Store } from '../store/store.ts';
import type { Clearing } from './clearing.ts';
import { CommitQueue, type Operation } from './commit-queue.ts';
import { Draft } from './draft.ts';
import { type HighWaterMark, highWaterOf } from './high-water.ts';
import { endOf, type Ledger } from './ledger.ts';
import { isBefore, type Place } from './place.ts';

export type JournalParts = {
  readonly store: Store;
  readonly clearing: Clearing;
  readonly highWaterMark: HighWaterMark;
  /** Brings a draft within the bound before it is committed. */
  readonly keepBound: (draft: Draft) => Promise<void>;
  readonly onFailure: () => void;
};

/** Commits drafts one after the other. Its ledger is what a reopening would find, but for lazy changes on a full disk. */
export class Journal {
  readonly #parts: JournalParts;
  readonly #queue: CommitQueue;
  #ledger: Ledger;
  #isLedgerStale = false;
  /** Gaps before it may have been handed out. */
  #fixedGaps: Place | null = null;

  constructor(parts: JournalParts, ledger: Ledger) {
    this.#parts = parts;
    this.#ledger = ledger;
    this.#queue = new CommitQueue({
      newDraft: () => this.#newDraft(),
      commit: (draft, options) => this.#commit(draft, options),
      keep: (draft) => {
        this.#ledger = draft.ledger;
        this.#isLedgerStale = true;
      },
    });
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  run<Result>(operation: Operation<Result>): Promise<Result> {
    return this.#queue.run(operation);
  }

  /** A gap that is handed out must not grow any more, or its acknowledgement would cover what it did not tell. */
  fixGaps(): Promise<void> {
    return this.#queue.run({
      durability: 'lazy',
      apply: (draft) => {
        this.#fixedGaps = endOf(draft.ledger, 'gap');
      },
    });
  }

  /** Resolves when nothing waits to be committed. */
  drained(): Promise<void> {
    return this.#queue.drained();
  }

  #newDraft(): Draft {
    return new Draft({
      store: this.#parts.store,
      committed: this.#parts.clearing.noteIn(this.#ledger),
      mayExtendGap: (place) => this.#fixedGaps === null || !isBefore(place, this.#fixedGaps),
    });
  }

  async #commit(draft: Draft, options: { readonly sync: boolean }): Promise<void> {
    await this.#parts.keepBound(draft);
    if (this.#isLedgerStale) draft.setLedger(draft.ledger);
    try {
      await this.#parts.store.write(draft.changes(), options);
    } catch (error) {
      this.#parts.onFailure();
      throw error;
    }
    this.#ledger = draft.ledger;
    this.#isLedgerStale = false;
    this.#parts.highWaterMark.note(highWaterOf(draft.ledger));
  }
}
