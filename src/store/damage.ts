import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readManifest } from './manifest.ts';
import { strayAmong } from './stray-files.ts';

/** Written when damage is met while running, so that the next start repairs before it opens. */
export const DAMAGE_MARK = 'DAMAGED';

const isDataFile = (name: string): boolean => /^\d+\.(ldb|sst|log)$|^MANIFEST-\d+$/.test(name);

const numbersOf = (names: readonly string[], extension: string): number[] =>
  names.filter((name) => name.endsWith(extension)).map((name) => Number.parseInt(name, 10));

const manifestDamage = (manifest: Buffer, names: readonly string[]): string | null => {
  const { isWhole, logNumber } = readManifest(manifest);
  if (!isWhole) return 'the manifest breaks off or fails its checksum';
  // LevelDB makes the log before the manifest names it, and deletes it after a later manifest entry only.
  return logNumber === null || numbersOf(names, '.log').includes(logNumber)
    ? null
    : `the log ${logNumber} that the manifest names is missing`;
};

const lookForDamage = async (location: string, names: readonly string[]): Promise<string | null> => {
  if (names.includes(DAMAGE_MARK)) {
    const mark = await readFile(join(location, DAMAGE_MARK), 'utf8');
    return `met while running: ${mark.trim()}`;
  }
  const [stray] = strayAmong(names);
  if (stray !== undefined) return `${stray} is no file of the database`;
  if (!names.includes('CURRENT')) return names.some(isDataFile) ? 'CURRENT is missing' : null;
  const current = await readFile(join(location, 'CURRENT'), 'utf8');
  const manifestName = /^(MANIFEST-\d+)\n$/.exec(current)?.[1];
  if (manifestName === undefined) return 'CURRENT is damaged';
  if (!names.includes(manifestName)) return `${manifestName} is missing`;
  return manifestDamage(await readFile(join(location, manifestName)), names);
};

/**
 * What LevelDB itself would pass over in silence when it opens a directory: without CURRENT it starts an empty
 * database and deletes the files of the old one; with a shortened manifest or without its log it goes back in time.
 * `null` when nothing speaks against opening.
 */
export const findDamage = async (location: string): Promise<string | null> => {
  try {
    return await lookForDamage(location, await readdir(location));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

/** What LevelDB wrote to its info log about data it dropped while opening; `null` when it dropped nothing. */
export const findDropped = async (location: string): Promise<string | null> => {
  const infoLog = await readFile(join(location, 'LOG'), 'utf8');
  const dropped = infoLog.split('\n').filter((line) => line.includes(': dropping '));
  return dropped.length === 0 ? null : dropped.map((line) => line.replace(/^.*\) /, '')).join('; ');
};
