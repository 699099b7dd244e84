import { StorageDamagedError, StorageFullError, StorageLockedError } from './store.ts';

/**
 * LevelDB tells errno only as strerror's text (util/env_posix.cc, PosixError).
 * EIO counts too: a dying SD card answers it until the kernel makes the file system read-only.
 */
const TAKES_NOTHING =
  /No space left on device|Disk quota exceeded|Read-only file system|Input\/output error|File too large/;

const codeOf = (error: Error): unknown => ('code' in error ? error.code : undefined);

/** The error that LevelDB itself gave, below the wrapping of abstract-level. */
const rootOf = (error: Error): Error => (error.cause instanceof Error ? error.cause : error);

/** An error of classic-level as the store's port names it; anything else is a bug and comes back as it is. */
export const storageFault = (thrown: unknown): unknown => {
  if (!(thrown instanceof Error)) return thrown;
  const root = rootOf(thrown);
  const options = { cause: thrown };
  if (TAKES_NOTHING.test(root.message)) return new StorageFullError(root.message, options);
  switch (codeOf(root)) {
    case 'LEVEL_LOCKED':
      return new StorageLockedError(root.message, options);
    case 'LEVEL_CORRUPTION':
    case 'LEVEL_IO_ERROR':
      return new StorageDamagedError(root.message, options);
    default:
      return thrown;
  }
};
