import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readCount, writeCount } from './count-file.ts';

/** So many in a row, and each soon after the start, are hardly power cuts. */
const SUSPICIOUS_ENDS = 3;

/** A store that has been open for so long works. */
export const PROVEN_AFTER_MS = 300_000;

const COUNT_FILE = 'OPENINGS';

/**
 * Notes that a store is about to be opened. Resolves with whether the last runs all ended soon after that without
 * closing it, as they do when LevelDB's assertions abort the process at a damaged table.
 */
export const noteOpening = async (location: string): Promise<boolean> => {
  const path = join(location, COUNT_FILE);
  const ends = await readCount(path);
  const isSuspect = ends >= SUSPICIOUS_ENDS;
  await writeCount(path, isSuspect ? 1 : ends + 1);
  return isSuspect;
};

/** Notes that a store was closed, or has been open for long enough. */
export const forgetOpenings = (location: string): Promise<void> =>
  rm(join(location, COUNT_FILE), { force: true }).catch(() => undefined);
