import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import { DAMAGE_MARK, renameStrayFiles } from './damage.ts';
import { runLevelTask } from './level-child.ts';
import { openingFault, openLevelStore } from './opening.ts';
import { StorageDamagedError, StorageFullError, type Store, type StoreReport } from './store.ts';

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
export const finishSalvage = async (directory: string): Promise<void> => {
  const { store, copy } = placesIn(directory);
  if (!existsSync(store) && existsSync(copy)) await rename(copy, store);
};

/** Removes what a crash left of a copy. Only for who has the store open. */
export const removeUnfinishedCopy = (directory: string): Promise<void> =>
  rm(placesIn(directory).copy, { recursive: true, force: true });

/** Damaged stores that are kept; older ones are removed, or they would fill the disk. */
const DAMAGED_KEPT = 3;

export type StoreLocation = {
  /** The database lies in `store/` below it, what could not be repaired in `damaged-…/` beside that. */
  readonly directory: string;
  readonly log: Log;
  readonly wallMs: () => number;
};

export type OpenedStore = { readonly store: Store; readonly report: StoreReport };

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
export const replaceStore = async (
  place: StoreLocation,
  location: string,
  cause: string,
): Promise<OpenedStore> => {
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
export const recoverStore = async (
  place: StoreLocation,
  location: string,
  cause: string,
): Promise<OpenedStore> => {
  await renameStrayFiles(location);
  try {
    return { store: await openRepaired(location), report: { outcome: 'repaired', cause } };
  } catch (error) {
    if (!(error instanceof StorageDamagedError)) throw error;
    return salvageOrReplace(place, location, `${cause}; not to be repaired: ${error.message}`);
  }
};
