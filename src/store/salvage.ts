import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runLevelTask } from './level-child.ts';
import { openingFault } from './opening.ts';
import { StorageFullError } from './store.ts';

const placesIn = (directory: string) => ({
  store: join(directory, 'store'),
  copy: join(directory, 'salvage'),
});

/**
 * Copies what can be read of a damaged store beside it. Resolves with why it failed, or `null`.
 * Rejects with `StorageFullError` where the disk has no room for it.
 */
export const copyReadable = async (directory: string, location: string): Promise<string | null> => {
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
