import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatError } from '../weather/format.ts';

/** LevelDB counts its files from 1, and aborts the process at numbers that it never gives (db/filename.cc). */
const MAX_NUMBER = 10n ** 15n;
const NUMBERED = /^(\d+)\.(?:log|ldb|sst)$|^MANIFEST-(\d+)$/;

/** Files that are named like those of the database and cannot be. */
const strayAmong = (names: readonly string[]): readonly string[] =>
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

/**
 * LevelDB's manifest (doc/log_format.md, doc/impl.md, db/version_edit.cc): version edits in blocks of 32 KiB that
 * hold fragments, each a header of 7 bytes (CRC 4, length 2, type 1) and a payload. LevelDB checks the checksums
 * itself; what it does not notice is a file that was cut short.
 */
const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;

const fragment = { full: 1, first: 2, middle: 3, last: 4 } as const;

type Manifest = {
  /** Ends where an edit ends. */
  readonly isWhole: boolean;
  /** The oldest log that opening replays; `null` when no edit names one. */
  readonly logNumber: number | null;
};

type Fragment = { readonly type: number; readonly payload: Buffer; readonly end: number };

const fragmentAt = (bytes: Buffer, offset: number): Fragment | null => {
  if (offset + HEADER_BYTES > bytes.length) return null;
  const start = offset + HEADER_BYTES;
  const end = start + bytes.readUInt16LE(offset + 4);
  const type = bytes.readUInt8(offset + 6);
  if (end > bytes.length || type < fragment.full || type > fragment.last) return null;
  return { type, payload: bytes.subarray(start, end), end };
};

/** A block's last bytes that cannot hold a header are filled with zeros. */
const skipTrailer = (offset: number): number => {
  const left = BLOCK_BYTES - (offset % BLOCK_BYTES);
  return left < HEADER_BYTES ? offset + left : offset;
};

const readEdits = (bytes: Buffer): { readonly edits: readonly Buffer[]; readonly isWhole: boolean } => {
  const edits: Buffer[] = [];
  let parts: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const next = fragmentAt(bytes, offset);
    if (next === null) return { edits, isWhole: false };
    parts.push(next.payload);
    if (next.type === fragment.full || next.type === fragment.last) {
      edits.push(Buffer.concat(parts));
      parts = [];
    }
    offset = skipTrailer(next.end);
  }
  return { edits, isWhole: edits.length > 0 && parts.length === 0 };
};

/** Reads the varints and length-prefixed strings that an edit is made of. */
class EditReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes.readUInt8(this.#offset);
      this.#offset += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  skipString(): void {
    const length = this.varint();
    this.#offset += length;
  }
}

/** What follows each tag of an edit: `n` a varint, `s` a string. */
const layoutOfTag: Readonly<Record<number, string>> = {
  1: 's', // comparator
  2: 'n', // log number
  3: 'n', // next file number
  4: 'n', // last sequence
  5: 'ns', // compact pointer: level, key
  6: 'nn', // deleted file: level, number
  7: 'nnnss', // new file: level, number, size, smallest key, largest key
  9: 'n', // previous log number
};
const LOG_NUMBER_TAG = 2;

const logNumberOf = (edit: Buffer): number | null => {
  const reader = new EditReader(edit);
  let logNumber: number | null = null;
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const layout = layoutOfTag[tag];
    if (layout === undefined) throw new RangeError(`tag ${tag}`);
    for (const part of layout) {
      if (part === 's') reader.skipString();
      else if (tag === LOG_NUMBER_TAG) logNumber = reader.varint();
      else reader.varint();
    }
  }
  return logNumber;
};

/** Zero is what a new database's first edit says before it has a log. */
export const readManifest = (bytes: Buffer): Manifest => {
  const { edits, isWhole } = readEdits(bytes);
  try {
    const logNumbers = edits.map(logNumberOf).filter((number) => number !== null && number > 0);
    return { isWhole, logNumber: logNumbers.at(-1) ?? null };
  } catch (error) {
    if (error instanceof RangeError) return { isWhole: false, logNumber: null };
    throw error;
  }
};

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
    return formatError(error);
  }
};

/** What LevelDB wrote to its info log about data it dropped while opening; `null` when it dropped nothing. */
export const findDropped = async (location: string): Promise<string | null> => {
  const infoLog = await readFile(join(location, 'LOG'), 'utf8');
  const dropped = infoLog.split('\n').filter((line) => line.includes(': dropping '));
  return dropped.length === 0 ? null : dropped.map((line) => line.replace(/^.*\) /, '')).join('; ');
};

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
