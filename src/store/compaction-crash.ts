import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readCount, writeCount } from './count-file.ts';

/** One such end may have been a power cut. */
const SUSPICIOUS_ENDS = 2;

const COUNT_FILE = 'ends-in-compaction';

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
  const path = join(directory, COUNT_FILE);
  if (!hasEndedInIt) {
    await rm(path, { force: true });
    return false;
  }
  const ends = (await readCount(path)) + 1;
  await writeCount(path, ends);
  return ends >= SUSPICIOUS_ENDS;
};
