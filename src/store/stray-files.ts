import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** LevelDB counts its files from 1, and aborts the process at numbers that it never gives (db/filename.cc). */
const MAX_NUMBER = 10n ** 15n;
const NUMBERED = /^(\d+)\.(?:log|ldb|sst)$|^MANIFEST-(\d+)$/;

/** Files that are named like those of the database and cannot be. */
export const strayAmong = (names: readonly string[]): readonly string[] =>
  names.filter((name) => {
    const [, file, manifest] = NUMBERED.exec(name) ?? [];
    const digits = file ?? manifest;
    return digits !== undefined && (BigInt(digits) === 0n || BigInt(digits) > MAX_NUMBER);
  });

/** Gives them names that LevelDB passes over. */
export const renameStrayFiles = async (location: string): Promise<void> => {
  for (const name of strayAmong(await readdir(location)))
    await rename(join(location, name), join(location, `stray-${name}`));
};
