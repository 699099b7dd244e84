import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

export type Footprint = {
  readonly residentMegabytes: number;
  readonly handles: number;
  readonly diskMegabytes: number;
};

const sizeOf = async (directory: string): Promise<number> => {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
};

/** What a process holds, as Linux tells it, and what its outbox takes on the disk. */
export const footprintOf = async (pid: number, directory: string): Promise<Footprint> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const residentKilobytes = Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
  return {
    residentMegabytes: residentKilobytes / 1_024,
    handles: (await readdir(`/proc/${pid}/fd`)).length,
    diskMegabytes: (await sizeOf(directory)) / 1e6,
  };
};
