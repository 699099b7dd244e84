import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A number in a file of its own, beside a store that may not open; 0 where none can be read. */
const readCount = async (path: string): Promise<number> =>
  Number(await readFile(path, 'utf8').catch(() => '0')) || 0;

/** A disk that takes nothing keeps the count that it has. */
const writeCount = (path: string, count: number): Promise<void> =>
  writeFile(path, String(count)).catch(() => undefined);

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

/** One such end may have been a power cut. */
const SUSPICIOUS_CRASHES = 2;

const CRASH_COUNT_FILE = 'ends-in-compaction';

/** Whether LevelDB's info log breaks off within a compaction. Ask before anything opens the database. */
export const endedInCompaction = async (location: string): Promise<boolean> => {
  const infoLog = await readFile(join(location, 'LOG'), 'utf8').catch(() => '');
  return infoLog.lastIndexOf('Compacting ') > infoLog.lastIndexOf('Compacted ');
};

/**
 * Whether that happened again and again, as it does when a damaged table makes LevelDB abort the process:
 * the next start would only run into it once more.
 */
export const isCompactionSuspect = async (directory: string, hasEndedInIt: boolean): Promise<boolean> => {
  const path = join(directory, CRASH_COUNT_FILE);
  if (!hasEndedInIt) {
    await rm(path, { force: true });
    return false;
  }
  const ends = (await readCount(path)) + 1;
  await writeCount(path, ends);
  return ends >= SUSPICIOUS_CRASHES;
};
