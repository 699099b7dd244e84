import { randomBytes } from 'node:crypto';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type EntriesOptions,
  type KeyRange,
  StorageFullError,
  type Store,
  type StoreChange,
} from './store.ts';

/** Opening a store replays up to one write buffer (4 MB) into a table, next to a new log and manifest. */
const RESERVE_BYTES = 6 * 1024 * 1024;
/** What a small disk can spare. */
const SHARE_OF_FREE = 0.25;

const reserveIn = (directory: string): string => join(directory, 'reserve');

/** Room for the next start on a full disk, where there is any to keep. */
export const keepReserve = async (directory: string): Promise<void> => {
  try {
    const { bavail, bsize } = await statfs(directory);
    const bytes = Math.min(RESERVE_BYTES, Math.floor(bavail * bsize * SHARE_OF_FREE));
    const file = await open(reserveIn(directory), 'wx');
    try {
      // No file system makes less of them.
      await file.writeFile(randomBytes(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch {
    // It is there, or there is no room for it.
  }
};

/** Resolves with whether there was one. */
export const giveUpReserve = (directory: string): Promise<boolean> =>
  rm(reserveIn(directory)).then(
    () => true,
    () => false,
  );

/** Stands for a store that cannot be opened, for want of room: nothing is in it, and it takes nothing. */
export const unavailableStore = (reason: string): Store => {
  const refuse = (): Promise<never> => Promise.reject(new StorageFullError(reason));
  return {
    get: () => Promise.resolve(undefined),
    entries: () => Promise.resolve([]),
    write: (changes) => (changes.length === 0 ? Promise.resolve() : refuse()),
    deleteRange: refuse,
    compact: refuse,
    writtenBytes: () => 0,
    close: () => Promise.resolve(),
  };
};

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

  /** The keys of what is not on the disk. */
  values(): readonly string[] {
    return [...this.#changes].filter(([, value]) => value !== null).map(([key]) => key);
  }

  all(): readonly StoreChange[] {
    return [...this.#changes].map(([key, value]) => ({ key, value }));
  }

  /** Nothing is left of what is deleted before it was written: no key of a deleted entry is written a second time. */
  hold(changes: readonly StoreChange[]): void {
    for (const { key, value } of changes)
      if (value === null && typeof this.#changes.get(key) === 'string') this.#changes.delete(key);
      else this.#changes.set(key, value);
  }

  /** They are written, or not wanted any more. */
  forget(): void {
    this.#changes.clear();
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
