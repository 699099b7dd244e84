import { createDatabase, LevelStore, storageFault } from './level-store.ts';
import { StorageDamagedError, StorageFullError, StorageLockedError, type Store } from './store.ts';

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
