import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { createOneAtATime } from '../time/loops.ts';
import { errorCode } from '../weather/format.ts';
import { DAMAGE_MARK, forgetOpenings, PROVEN_AFTER_MS } from './damage.ts';
import {
  type EntriesOptions,
  type KeyRange,
  StorageDamagedError,
  StorageFullError,
  StorageLockedError,
  type Store,
  type StoreChange,
  type WriteOptions,
} from './store.ts';

/**
 * LevelDB tells errno only as strerror's text (util/env_posix.cc, PosixError).
 * EIO counts too: a dying SD card answers it until the kernel makes the file system read-only.
 */
const TAKES_NOTHING =
  /No space left on device|Disk quota exceeded|Read-only file system|Input\/output error|File too large/;

/** The error that LevelDB itself gave, below the wrapping of abstract-level. */
const rootOf = (error: Error): Error => (error.cause instanceof Error ? error.cause : error);

/** An error of classic-level as the store's port names it; anything else is a bug and comes back as it is. */
const storageFault = (thrown: unknown): unknown => {
  if (!(thrown instanceof Error)) return thrown;
  const root = rootOf(thrown);
  const options = { cause: thrown };
  if (TAKES_NOTHING.test(root.message)) return new StorageFullError(root.message, options);
  switch (errorCode(root)) {
    case 'LEVEL_LOCKED':
      return new StorageLockedError(root.message, options);
    case 'LEVEL_CORRUPTION':
    case 'LEVEL_IO_ERROR':
      return new StorageDamagedError(root.message, options);
    default:
      return thrown;
  }
};

/** Opening replays up to one write buffer (4 MB) into a table, next to a new log and manifest. */
const ROOM_TO_REOPEN_BYTES = 6 * 1024 * 1024;

export const createDatabase = (location: string): Level => new Level(location);

const sizeOf = ({ key, value }: StoreChange): number =>
  Buffer.byteLength(key) + (value === null ? 0 : Buffer.byteLength(value));

/** Looked at before closing, since a database that cannot be opened again cannot be read either. */
const requireRoom = async (location: string): Promise<void> => {
  const { bavail, bsize } = await statfs(location);
  if (bavail * bsize < ROOM_TO_REOPEN_BYTES)
    throw new StorageFullError(`${location}: only ${bavail * bsize} bytes left on the disk`);
  const probe = join(location, 'PROBE');
  try {
    await writeFile(probe, 'is the file system writable, and the quota not used up');
    await rm(probe);
  } catch (error) {
    throw new StorageFullError(`${location}: cannot be written`, { cause: error });
  }
};

/**
 * The store on LevelDB. After a failed write LevelDB's log may end in half a record, behind which nothing could be
 * read again, and after a failed flush it refuses every write until it is opened anew: so the database is reopened
 * before the next write, as soon as the disk has room. Reads go on meanwhile.
 */
export class LevelStore implements Store {
  readonly #database: Level;
  /** A write that fails may leave half a record behind, so that none may be on its way beside it. */
  readonly #oneAtATime = createOneAtATime();
  readonly #proof: NodeJS.Timeout;
  #isSuspect = false;
  #reopening: Promise<void> | null = null;
  #isClosed = false;
  #writtenBytes = 0;

  /** Takes over an open database. */
  constructor(database: Level) {
    this.#database = database;
    this.#proof = setTimeout(() => forgetOpenings(database.location), PROVEN_AFTER_MS).unref();
  }

  get(key: string): Promise<string | undefined> {
    return this.#read(() => this.#database.get(key));
  }

  write(changes: readonly StoreChange[], options: WriteOptions): Promise<void> {
    return changes.length === 0
      ? Promise.resolve()
      : this.#oneAtATime(() => this.#writeBatch(changes, options));
  }

  entries(
    { from, until }: KeyRange,
    { limit = Number.POSITIVE_INFINITY, reverse = false }: EntriesOptions = {},
  ): Promise<(readonly [key: string, value: string])[]> {
    return this.#read(() => this.#database.iterator({ gte: from, lt: until, limit, reverse }).all());
  }

  deleteRange({ from, until }: KeyRange): Promise<void> {
    return this.#change(() => this.#database.clear({ gte: from, lt: until }));
  }

  compact({ from, until }: KeyRange): Promise<void> {
    return this.#change(() => this.#database.compactRange(from, until));
  }

  writtenBytes(): number {
    return this.#writtenBytes;
  }

  async close(): Promise<void> {
    await this.#reopening?.catch(() => undefined);
    this.#isClosed = true;
    clearTimeout(this.#proof);
    await this.#database.close();
    await forgetOpenings(this.#database.location);
  }

  async #writeBatch(changes: readonly StoreChange[], { sync }: WriteOptions): Promise<void> {
    await this.#change(() => {
      // Given as an array, every operation would be copied, which takes longer than storing it.
      const batch = this.#database.batch();
      for (const { key, value } of changes) {
        if (value === null) batch.del(key);
        else batch.put(key, value);
      }
      return batch.write({ sync });
    });
    for (const change of changes) this.#writtenBytes += sizeOf(change);
  }

  async #read<Value>(read: () => Promise<Value>): Promise<Value> {
    if (this.#reopening !== null) await this.#reopening.catch(() => undefined);
    if (this.#database.status === 'closed' && !this.#isClosed) await this.#reopen();
    try {
      return await read();
    } catch (error) {
      throw await this.#noteFault(error);
    }
  }

  async #change(change: () => Promise<void>): Promise<void> {
    if (this.#isSuspect) await this.#reopen();
    try {
      await change();
    } catch (error) {
      this.#isSuspect = true;
      throw await this.#noteFault(error);
    }
  }

  #reopen(): Promise<void> {
    this.#reopening ??= this.#reopenOnce().finally(() => {
      this.#reopening = null;
    });
    return this.#reopening;
  }

  async #reopenOnce(): Promise<void> {
    await requireRoom(this.#database.location);
    await this.#database.close();
    try {
      await this.#database.open();
    } catch (error) {
      throw await this.#noteFault(error);
    }
    this.#isSuspect = false;
  }

  async #noteFault(thrown: unknown): Promise<unknown> {
    const fault = storageFault(thrown);
    if (fault instanceof StorageDamagedError)
      await writeFile(join(this.#database.location, DAMAGE_MARK), `${fault.message}\n`).catch(
        () => undefined,
      );
    return fault;
  }
}

const rootMessage = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
};

/** Opening takes whatever LevelDB says for damage, except that somebody else has it or that the disk takes nothing. */
export const openingFault = (thrown: unknown): Error => {
  const fault = storageFault(thrown);
  if (fault instanceof StorageLockedError || fault instanceof StorageFullError) return fault;
  return new StorageDamagedError(rootMessage(thrown), { cause: thrown });
};

export const openLevelStore = async (location: string): Promise<Store> => {
  const database = createDatabase(location);
  try {
    await database.open();
    return new LevelStore(database);
  } catch (error) {
    throw openingFault(error);
  }
};

/** LevelDB takes its lock before it looks at anything else, so this opening always fails and changes nothing. */
export const requireUnlocked = async (location: string): Promise<void> => {
  try {
    await createDatabase(location).open({ createIfMissing: false, errorIfExists: true });
  } catch (error) {
    if (!(storageFault(error) instanceof StorageLockedError)) return;
    throw new StorageLockedError(
      `${location} is in use by another process; stop the daemon first (systemctl stop weather-gateway)`,
      { cause: error },
    );
  }
};
