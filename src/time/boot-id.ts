import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

/** Names this boot of the machine. Where the kernel does not tell, each start of the process counts as a boot. */
export const readBootId = async (file = BOOT_ID_FILE): Promise<string> => {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch {
    return randomUUID();
  }
};
