import type { Store, StoreChange } from '../store/store.ts';
import type { QuantityTable } from '../weather/quantities.ts';
import { decodeEntry, encodeEntry, type HistoryEntry } from './entry.ts';

export type TierOptions = {
  readonly store: Store;
  /** Of the tier's keys, with a slash at its end. */
  readonly prefix: string;
  /** More entries than this are never kept for long. */
  readonly maxEntries: number;
  readonly quantityTable: QuantityTable;
};

const DIGITS = 12;
/** Entries between two trims: a range delete each time would cost as much as the append. */
const TRIM_EVERY = 256;
/** Read at once; between two pages the event loop goes its round. */
const PAGE_ENTRIES = 200;

/**
 * Entries of one kind in the order they came, under a counter of their own: a clock that steps reorders nothing,
 * and the oldest are told without one.
 */
export class Tier {
  readonly #options: TierOptions;
  #nextNumber = 0;

  constructor(options: TierOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const last = await this.#page(this.#keyOf(0), `${this.#options.prefix}:`, 1);
    const [key] = last[0] ?? [];
    const number = key === undefined ? -1 : Number(key.slice(this.#options.prefix.length));
    this.#nextNumber = Number.isSafeInteger(number) ? number + 1 : 0;
  }

  /** The change that appends; the caller writes it, together with others. */
  append(entry: HistoryEntry): StoreChange {
    const change = {
      key: this.#keyOf(this.#nextNumber),
      value: encodeEntry(entry, this.#options.quantityTable),
    };
    this.#nextNumber += 1;
    return change;
  }

  /** Forgets the oldest beyond the bound, now and then. */
  async trim(): Promise<void> {
    const { store, maxEntries } = this.#options;
    if (this.#nextNumber % TRIM_EVERY !== 0 || this.#nextNumber <= maxEntries) return;
    await store.deleteRange({ from: this.#keyOf(0), until: this.#keyOf(this.#nextNumber - maxEntries) });
  }

  /** Newest first, as far back as the caller reads. What a damaged disk made unreadable is left out. */
  async *newestFirst(): AsyncGenerator<readonly HistoryEntry[], void, undefined> {
    let until = this.#keyOf(this.#nextNumber);
    for (;;) {
      const page = await this.#page(this.#keyOf(0), until, PAGE_ENTRIES);
      const oldest = page.at(-1);
      if (oldest === undefined) return;
      yield page.flatMap(([, value]) => decodeEntry(value, this.#options.quantityTable) ?? []);
      until = oldest[0];
    }
  }

  #page(from: string, until: string, limit: number): ReturnType<Store['entries']> {
    return this.#options.store.entries({ from, until }, { limit, reverse: true });
  }

  #keyOf(number: number): string {
    return `${this.#options.prefix}${String(number).padStart(DIGITS, '0')}`;
  }
}
