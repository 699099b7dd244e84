import { randomBytes } from 'node:crypto';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Opening a store replays up to one write buffer (4 MB) into a table, next to a new log and manifest. */
const RESERVE_BYTES = 6 * 1024 * 1024;
/** What a small disk can spare. */
const SHARE_OF_FREE = 0.25;

const reserveIn = (directory: string): string => join(directory, 'reserve');

/** Room for the next start on a full disk, where there is any to keep. */
export const keepReserve = async (directory: string): Promise<void> => {
  try {
    const { bavail, bsize } = await statfs(directory);
    const bytes = Math.min(RESERVE_BYTES, Math.floor(bavail * bsize * SHARE_OF_FREE));
    const file = await open(reserveIn(directory), 'wx');
    try {
      // No file system makes less of them.
      await file.writeFile(randomBytes(bytes));
      await file.sync();
    } finally {
      await file.close();
    }
  } catch {
    // It is there, or there is no room for it.
  }
};

/** Resolves with whether there was one. */
export const giveUpReserve = (directory: string): Promise<boolean> =>
  rm(reserveIn(directory)).then(
    () => true,
    () => false,
  );
