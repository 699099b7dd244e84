/** A change of one key; `null` deletes it. */
export type StoreChange = { readonly key: string; readonly value: string | null };

/** Keys in ascending order of their UTF-8 bytes, `from` included, `until` not. */
export type KeyRange = { readonly from: string; readonly until: string };

export type EntriesOptions = { readonly limit?: number; readonly reverse?: boolean };

export type WriteOptions = {
  /** Resolve only once the change would survive a power cut. */
  readonly sync: boolean;
};

/**
 * An ordered, durable map on one disk, shared by everything that must outlive the process: outbox, state, history.
 * Each of them keeps to keys under a prefix of its own (`outbox/`, `state/`, `history/`).
 * A full disk rejects with `StorageFullError` and leaves the store as it was; damage found while running rejects
 * with `StorageDamagedError` and is repaired at the next start.
 */
export type Store = {
  get(key: string): Promise<string | undefined>;
  /** All of the changes or none, in order; one write after the other. */
  write(changes: readonly StoreChange[], options: WriteOptions): Promise<void>;
  entries(range: KeyRange, options?: EntriesOptions): Promise<(readonly [key: string, value: string])[]>;
  /** Not synced: a power cut may bring entries back. Not atomic: it may end half done. */
  deleteRange(range: KeyRange): Promise<void>;
  /** Gives the space of deleted entries back to the disk. */
  compact(range: KeyRange): Promise<void>;
  /** Bytes given to the disk since `open`, keys and values of every write. */
  writtenBytes(): number;
  close(): Promise<void>;
};

/** The disk takes nothing now: full, over quota or read-only. Expected trouble: the next write may succeed. */
export class StorageFullError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageFullError';
  }
}

/** What can be left for another time, where a disk takes nothing. */
export const unlessFull = async (change: Promise<unknown>): Promise<void> => {
  try {
    await change;
  } catch (error) {
    if (!(error instanceof StorageFullError)) throw error;
  }
};

/** Another process, most likely the daemon, has the store open. */
export class StorageLockedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageLockedError';
  }
}

/** The directory cannot be used, for a reason that stays until somebody changes it. */
export class StorageUnusableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageUnusableError';
  }
}

/** What is on the disk is not what was written there. */
export class StorageDamagedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StorageDamagedError';
  }
}

/**
 * What opening a store found. `repaired`: damage was mended in place, records may be missing.
 * `salvaged`: it could not be repaired and was moved to `movedTo`; what can still be read of it is in a new store.
 * `unavailable`: there is no room to open it; nothing of it is read or written before there is.
 * `replaced`: nothing of it could be read, it lies in `movedTo` now, and an empty store took its place.
 */
export type StoreReport =
  | { readonly outcome: 'whole' }
  | { readonly outcome: 'unavailable'; readonly cause: string }
  | { readonly outcome: 'repaired'; readonly cause: string }
  | { readonly outcome: 'salvaged' | 'replaced'; readonly cause: string; readonly movedTo: string };

/** One sentence for a person, or `null` when there is nothing to tell. */
export const describeStoreReport = (report: StoreReport): string | null => {
  switch (report.outcome) {
    case 'whole':
      return null;
    case 'unavailable':
      return `the store cannot be opened, readings are kept in memory and sent from there: ${report.cause}`;
    case 'repaired':
      return `the store was damaged and has been repaired: ${report.cause}`;
    case 'salvaged':
      return `the store was damaged and lies in ${report.movedTo} now, what could be read of it was copied: ${report.cause}`;
    case 'replaced':
      return `the store was damaged beyond repair and lies in ${report.movedTo} now: ${report.cause}`;
  }
};
