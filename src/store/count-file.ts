import { readFile, writeFile } from 'node:fs/promises';

/** A number in a file of its own, beside a store that may not open; 0 where none can be read. */
export const readCount = async (path: string): Promise<number> =>
  Number(await readFile(path, 'utf8').catch(() => '0')) || 0;

/** A disk that takes nothing keeps the count that it has. */
export const writeCount = (path: string, count: number): Promise<void> =>
  writeFile(path, String(count)).catch(() => undefined);
