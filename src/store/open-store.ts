import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DAMAGE_MARK, findDamage, findDropped } from './damage.ts';
import { runLevelTask } from './level-child.ts';
import { openLevelStore, requireUnlocked } from './opening.ts';
import {
  finishSalvage,
  type OpenedStore,
  recoverStore,
  removeUnfinishedCopy,
  replaceStore,
  type StoreLocation,
} from './recovery.ts';
import { describeStoreReport, StorageDamagedError, StorageFullError, StorageUnusableError } from './store.ts';
import { endedInCompaction, isCompactionSuspect, noteOpening } from './unclean-shutdowns.ts';

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

const FULL_CODES: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS']);

/** Makes the directory of the store, or says in one sentence why it cannot be used. */
const requireUsable = async (directory: string, location: string): Promise<void> => {
  try {
    await finishSalvage(directory);
    await mkdir(location, { recursive: true });
    await access(location, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isFull = 'code' in error && FULL_CODES.has(error.code);
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
