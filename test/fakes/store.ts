import { decodeLedger, encodeLedger, type LedgerMark } from '../../src/outbox/stored-ledger.ts';
import { type KeyRange, StorageFullError, type Store, type StoreChange } from '../../src/store/store.ts';

export type FakeDisk = {
  /** Another opening of the same disk; the one before counts as closed or crashed. */
  open(): Store;
  /** Rejects every change from now on. */
  setFull(isFull: boolean): void;
  /** A power cut: of the unsynced writes only the oldest `keep` survive, each of them whole, as with LevelDB. */
  cutPower(keep?: number): void;
  /** Changes a stored value behind the store's back; `null` removes it. */
  tamper(key: string, change: (value: string) => string | null): void;
  /** Lies on the same disk, outside the store. */
  readonly mark: LedgerMark;
  keys(): string[];
  /** Commits so far. */
  commits(): number;
};

const byUtf8 = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right));

const apply = (entries: Map<string, string>, { key, value }: StoreChange): void => {
  if (value === null) entries.delete(key);
  else entries.set(key, value);
};

/** A disk in memory that can be full, lose power and go bad. */
export const createFakeDisk = (): FakeDisk => {
  const synced = new Map<string, string>();
  let current = new Map<string, string>();
  let unsynced: (readonly StoreChange[])[] = [];
  let isFull = false;
  let commits = 0;

  const sync = (): void => {
    for (const change of unsynced.flat()) apply(synced, change);
    unsynced = [];
  };

  const change = (changes: readonly StoreChange[], isSynced: boolean): void => {
    if (isFull) throw new StorageFullError('no space left on the fake disk');
    for (const one of changes) apply(current, one);
    unsynced.push(changes);
    if (isSynced) sync();
    commits += 1;
  };

  const keysIn = ({ from, until }: KeyRange): string[] =>
    [...current.keys()].filter((key) => byUtf8(key, from) >= 0 && byUtf8(key, until) < 0).sort(byUtf8);

  const open = (): Store => {
    let writtenBytes = 0;
    return {
      get: (key) => Promise.resolve(current.get(key)),
      write: async (changes, { sync }) => {
        await Promise.resolve();
        if (changes.length === 0) return;
        change(changes, sync);
        for (const { key, value } of changes) writtenBytes += Buffer.byteLength(key + (value ?? ''));
      },
      entries: (range, { limit = Number.POSITIVE_INFINITY, reverse = false } = {}) => {
        const keys = reverse ? keysIn(range).reverse() : keysIn(range);
        return Promise.resolve(keys.slice(0, limit).map((key) => [key, current.get(key) ?? ''] as const));
      },
      deleteRange: async (range) => {
        await Promise.resolve();
        for (const key of keysIn(range)) change([{ key, value: null }], false);
      },
      compact: () => Promise.resolve(),
      writtenBytes: () => writtenBytes,
      close: () => Promise.resolve(),
    };
  };

  let marked: string | null = null;

  return {
    open,
    mark: {
      read: () => (marked === null ? null : decodeLedger(marked)),
      note: (ledger) => {
        marked = encodeLedger(ledger);
      },
      close: () => undefined,
    },
    setFull: (full) => {
      isFull = full;
    },
    cutPower: (keep = 0) => {
      unsynced = unsynced.slice(0, keep);
      sync();
      current = new Map(synced);
    },
    tamper: (key, mutate) => {
      const value = current.get(key);
      if (value === undefined) throw new RangeError(`no ${key} on the fake disk`);
      change([{ key, value: mutate(value) }], true);
    },
    keys: () => [...current.keys()].sort(byUtf8),
    commits: () => commits,
  };
};
