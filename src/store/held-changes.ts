import type { EntriesOptions, KeyRange, Store, StoreChange } from './store.ts';

type Reader = Pick<Store, 'get' | 'entries'>;
type Entry = readonly [key: string, value: string];

const isWithin = (key: string, { from, until }: KeyRange): boolean => key >= from && key < until;

/** Changes that a full disk did not take. They are read as if they were on it, and written once there is room. */
export class HeldChanges implements Reader {
  readonly #store: Reader;
  readonly #changes = new Map<string, string | null>();

  /** Keys are ASCII, so that their order as text is the store's. */
  constructor(store: Reader) {
    this.#store = store;
  }

  get size(): number {
    return this.#changes.size;
  }

  all(): readonly StoreChange[] {
    return [...this.#changes].map(([key, value]) => ({ key, value }));
  }

  hold(changes: readonly StoreChange[]): void {
    for (const { key, value } of changes) this.#changes.set(key, value);
  }

  /** They are written, or not wanted any more. */
  forget(range: KeyRange = { from: '', until: '\uffff' }): void {
    for (const key of this.#changes.keys()) if (isWithin(key, range)) this.#changes.delete(key);
  }

  get(key: string): Promise<string | undefined> {
    const held = this.#changes.get(key);
    return held === undefined ? this.#store.get(key) : Promise.resolve(held ?? undefined);
  }

  async entries(range: KeyRange, options: EntriesOptions = {}): Promise<Entry[]> {
    if (this.#changes.size === 0) return this.#store.entries(range, options);
    const { limit = Number.POSITIVE_INFINITY, reverse = false } = options;
    const held = [...this.#changes].filter(([key]) => isWithin(key, range));
    const merged = new Map(await this.#store.entries(range, { limit: limit + held.length, reverse }));
    for (const [key, value] of held) {
      if (value === null) merged.delete(key);
      else merged.set(key, value);
    }
    const entries = [...merged].sort(([left], [right]) => (left < right ? -1 : 1));
    return (reverse ? entries.reverse() : entries).slice(0, limit);
  }
}
