import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../log.ts';
import { DAMAGE_MARK, findDamage, findDropped } from './damage.ts';
import { storageFault } from './level-fault.ts';
import { createDatabase, LevelStore, repairDatabase } from './level-store.ts';
import { StorageDamagedError, StorageFullError, StorageLockedError, type Store } from './store.ts';
import { describeStoreReport, type StoreReport } from './store-report.ts';

/** Damaged stores that are kept; older ones are removed, or they would fill the disk. */
const DAMAGED_KEPT = 3;

export type StoreLocation = {
  /** The database lies in `store/` below it, what could not be repaired in `damaged-…/` beside that. */
  readonly directory: string;
  readonly log: Log;
  readonly wallMs: () => number;
};

export type OpenedStore = { readonly store: Store; readonly report: StoreReport };

/** Opening takes whatever LevelDB says for damage, except that somebody else has it or that the disk takes nothing. */
const openingFault = (thrown: unknown): unknown => {
  const fault = storageFault(thrown);
  if (fault instanceof StorageLockedError || fault instanceof StorageFullError) return fault;
  return new StorageDamagedError(rootMessage(thrown), { cause: thrown });
};

const rootMessage = (thrown: unknown): string => {
  if (!(thrown instanceof Error)) return String(thrown);
  return thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
};

const open = async (location: string): Promise<Store> => {
  const database = createDatabase(location);
  try {
    await database.open();
    return new LevelStore(database);
  } catch (error) {
    throw openingFault(error);
  }
};

/** LevelDB takes its lock before it looks at anything else, so this opening always fails and changes nothing. */
const requireUnlocked = async (location: string): Promise<void> => {
  try {
    await createDatabase(location).open({ createIfMissing: false, errorIfExists: true });
  } catch (error) {
    const fault = storageFault(error);
    if (fault instanceof StorageLockedError)
      throw new StorageLockedError(
        `${location} is in use by another process; stop the daemon first (systemctl stop weather-gateway)`,
        { cause: error },
      );
  }
};

const openWhole = async (location: string): Promise<OpenedStore | { readonly damage: string }> => {
  const damage = await findDamage(location);
  if (damage !== null) return { damage };
  try {
    const store = await open(location);
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

const openRepaired = async (location: string): Promise<Store | null> => {
  try {
    await repairDatabase(location).catch((error: unknown) => {
      throw openingFault(error);
    });
    await rm(join(location, DAMAGE_MARK), { force: true });
    return await open(location);
  } catch (error) {
    if (error instanceof StorageDamagedError) return null;
    throw error;
  }
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

/**
 * Opens the store whatever state it is in: damage is repaired, and what cannot be repaired moved aside.
 * Rejects only with `StorageLockedError` or, where a disk takes nothing, `StorageFullError`.
 */
export const openStore = async (place: StoreLocation): Promise<OpenedStore> => {
  const location = join(place.directory, 'store');
  await mkdir(location, { recursive: true });
  await requireUnlocked(location);
  const opened = await openWhole(location);
  const { store, report } = 'store' in opened ? opened : await recover(place, location, opened.damage);
  const sentence = describeStoreReport(report);
  if (sentence !== null) place.log.error({ ...report }, sentence);
  return { store, report };
};

const recover = async (place: StoreLocation, location: string, cause: string): Promise<OpenedStore> => {
  const repaired = await openRepaired(location);
  if (repaired !== null) return { store: repaired, report: { outcome: 'repaired', cause } };
  const movedTo = await moveAside(place, location);
  return { store: await open(location), report: { outcome: 'replaced', cause, movedTo } };
};
