import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian puts mosquitto and the file system tools where only root looks. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin'];

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

/** Those of the programs that are not installed. */
export const missingOf = (programs: readonly string[], searchPath = process.env['PATH'] ?? ''): string[] => {
  const folders = [...searchPath.split(delimiter), ...SYSTEM_FOLDERS];
  return programs.filter((program) => !folders.some((folder) => isExecutable(join(folder, program))));
};
