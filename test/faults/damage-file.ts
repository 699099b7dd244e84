import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Draw } from './random.ts';

const TRUNCATED_SHARE = 0.3;

/** Flips a bit of one file below a directory, or cuts it short. */
export const damageOneFile = async (directory: string, draw: Draw): Promise<void> => {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const [first, ...others] = files;
  if (first === undefined) return;
  const file = draw.oneOf([first, ...others]);
  const bytes = await readFile(file);
  const at = Math.floor(draw.between(0, bytes.length));
  if (bytes.length === 0 || draw.between(0, 1) < TRUNCATED_SHARE) {
    await truncate(file, at);
    return;
  }
  bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(draw.between(0, 8)));
  await writeFile(file, bytes);
};
