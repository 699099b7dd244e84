import { existsSync } from 'node:fs';
import { access, constants, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log } from '../log.ts';
import { errorCode } from '../weather/format.ts';
import {
  DAMAGE_MARK,
  endedInCompaction,
  findDamage,
  findDropped,
  isCompactionSuspect,
  noteOpening,
  renameStrayFiles,
} from './damage.ts';
import { runLevelTask } from './level-child.ts';
import { openingFault, openLevelStore, requireUnlocked } from './level-store.ts';
import {
  describeStoreReport,
  StorageDamagedError,
  StorageFullError,
  StorageUnusableError,
  type Store,
  type StoreReport,
} from './store.ts';

const placesIn = (directory: string) => ({
  store: join(directory, 'store'),
  copy: join(directory, 'salvage'),
});

/**
 * Copies what can be read of a damaged store beside it. Resolves with why it failed, or `null`.
 * Rejects with `StorageFullError` where the disk has no room for it.
 */
const copyReadable = async (directory: string, location: string): Promise<string | null> => {
  const { copy } = placesIn(directory);
  await removeUnfinishedCopy(directory);
  const failure = await runLevelTask({ task: 'salvage', location, to: copy });
  if (failure === null) return null;
  await removeUnfinishedCopy(directory);
  const fault = openingFault(new Error(failure));
  if (fault instanceof StorageFullError) throw fault;
  return failure;
};

/** Puts the copy in the place of a store that was moved aside; asked at each start, since a crash may come between. */
const finishSalvage = async (directory: string): Promise<void> => {
  const { store, copy } = placesIn(directory);
  if (!existsSync(store) && existsSync(copy)) await rename(copy, store);
};

/** Removes what a crash left of a copy. Only for who has the store open. */
const removeUnfinishedCopy = (directory: string): Promise<void> =>
  rm(placesIn(directory).copy, { recursive: true, force: true });

/** Damaged stores that are kept; older ones are removed, or they would fill the disk. */
const DAMAGED_KEPT = 3;

export type StoreLocation = {
  /** The database lies in `store/` below it, what could not be repaired in `damaged-…/` beside that. */
  readonly directory: string;
  readonly log: Log;
  readonly wallMs: () => number;
};

type OpenedStore = { readonly store: Store; readonly report: StoreReport };

const openRepaired = async (location: string): Promise<Store> => {
  const failure = await runLevelTask({ task: 'repair', location });
  if (failure !== null) throw openingFault(new Error(failure));
  await rm(join(location, DAMAGE_MARK), { force: true });
  return await openLevelStore(location);
};

const moveAside = async ({ directory, log, wallMs }: StoreLocation, location: string): Promise<string> => {
  const time = new Date(wallMs()).toISOString().slice(0, 19).replaceAll(':', '-');
  const names = (await readdir(directory)).filter((name) => name.startsWith('damaged-')).sort();
  for (const name of names.slice(0, Math.max(0, names.length + 1 - DAMAGED_KEPT))) {
    await rm(join(directory, name), { recursive: true });
    log.warn({ directory: join(directory, name) }, 'an old damaged store was removed');
  }
  const sameTime = names.filter((name) => name.startsWith(`damaged-${time}`)).length;
  const movedTo = join(directory, `damaged-${time}${sameTime === 0 ? '' : `-${sameTime}`}`);
  await rename(location, movedTo);
  return movedTo;
};

/** Puts an empty store in the place of one that cannot be used. */
const replaceStore = async (place: StoreLocation, location: string, cause: string): Promise<OpenedStore> => {
  const movedTo = await moveAside(place, location);
  return { store: await openLevelStore(location), report: { outcome: 'replaced', cause, movedTo } };
};

const salvageOrReplace = async (
  place: StoreLocation,
  location: string,
  cause: string,
): Promise<OpenedStore> => {
  const failure = await copyReadable(place.directory, location);
  if (failure !== null) return replaceStore(place, location, `${cause}; not to be read: ${failure}`);
  const movedTo = await moveAside(place, location);
  await finishSalvage(place.directory);
  return { store: await openLevelStore(location), report: { outcome: 'salvaged', cause, movedTo } };
};

/** Repairs a store that is known to be damaged, or copies what can be read of it, or replaces it. */
const recoverStore = async (place: StoreLocation, location: string, cause: string): Promise<OpenedStore> => {
  await renameStrayFiles(location);
  try {
    return { store: await openRepaired(location), report: { outcome: 'repaired', cause } };
  } catch (error) {
    if (!(error instanceof StorageDamagedError)) throw error;
    return salvageOrReplace(place, location, `${cause}; not to be repaired: ${error.message}`);
  }
};

const openWhole = async (location: string): Promise<OpenedStore | { readonly damage: string }> => {
  const damage = await findDamage(location);
  if (damage !== null) return { damage };
  try {
    const store = await openLevelStore(location);
    const dropped = await findDropped(location);
    return {
      store,
      report: dropped === null ? { outcome: 'whole' } : { outcome: 'repaired', cause: dropped },
    };
  } catch (error) {
    if (error instanceof StorageDamagedError) return { damage: error.message };
    throw error;
  }
};

/**
 * Opens a store as it is, for somebody who only looks; `damage` says why not. What LevelDB dropped while opening it
 * would not be met again, so a mark tells the next start of it.
 */
export const openForInspection = async (
  directory: string,
): Promise<OpenedStore | { readonly damage: string }> => {
  const location = join(directory, 'store');
  await requireUnlocked(location);
  const opened = await openWhole(location);
  if ('store' in opened && opened.report.outcome === 'repaired')
    await writeFile(join(location, DAMAGE_MARK), `${opened.report.cause}\n`);
  return opened;
};

const openAny = async (place: StoreLocation, location: string): Promise<OpenedStore> => {
  const hasEndedInCompaction = await endedInCompaction(location);
  await requireUnlocked(location);
  const isSuspectInCompaction = await isCompactionSuspect(place.directory, hasEndedInCompaction);
  const isSuspectAtStart = await noteOpening(location);
  if (isSuspectInCompaction || isSuspectAtStart) {
    const failure = await runLevelTask({ task: 'compact', location });
    if (failure !== null) return recoverStore(place, location, failure);
  }
  const opened = await openWhole(location);
  return 'store' in opened ? opened : recoverStore(place, location, opened.damage);
};

const tell = ({ log }: StoreLocation, opened: OpenedStore): OpenedStore => {
  const sentence = describeStoreReport(opened.report);
  if (sentence !== null) log.error({ ...opened.report }, sentence);
  return opened;
};

const FULL_CODES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** `mkdir` itself, told to make the parents too, takes a read-only file system for a missing directory. */
const makeDirectory = async (path: string): Promise<void> => {
  try {
    await mkdir(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT') throw error;
    await makeDirectory(dirname(path));
    await mkdir(path);
  }
};

/** Makes the directory of the store, or says in one sentence why it cannot be used. */
const requireUsable = async (directory: string, location: string): Promise<void> => {
  try {
    await finishSalvage(directory);
    await makeDirectory(location);
    await access(location, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isFull = FULL_CODES.has(errorCode(error));
    const Fault = isFull ? StorageFullError : StorageUnusableError;
    throw new Fault(`the data directory ${directory} cannot be used: ${error.message}`, { cause: error });
  }
};

/**
 * Opens the store whatever state it is in: damage is repaired, and what cannot be repaired moved aside.
 * Rejects only with `StorageLockedError`, `StorageUnusableError` or, where a disk takes nothing, `StorageFullError`.
 */
export const openStore = async (place: StoreLocation): Promise<OpenedStore> => {
  const location = join(place.directory, 'store');
  await requireUsable(place.directory, location);
  const opened = await openAny(place, location);
  await removeUnfinishedCopy(place.directory);
  return tell(place, opened);
};

/** What `use` gives with a store; a store that turns out to be damaged there is repaired, then replaced. */
export const openUsableStore = async <Used>(
  place: StoreLocation,
  use: (opened: OpenedStore) => Promise<Used>,
): Promise<Used> => {
  const location = join(place.directory, 'store');
  const steps = [
    () => openStore(place),
    () => openStore(place),
    async (cause: string) => tell(place, await replaceStore(place, location, cause)),
  ];
  let cause = '';
  for (const step of steps) {
    const opened = await step(cause);
    try {
      return await use(opened);
    } catch (error) {
      await opened.store.close();
      if (!(error instanceof StorageDamagedError)) throw error;
      cause = error.message;
    }
  }
  throw new StorageDamagedError(cause);
};
