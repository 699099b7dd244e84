import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { formatError } from '../../src/weather/format.ts';

const run = promisify(execFile);

export type SmallDisk = {
  readonly path: string;
  /** Leaves not a byte to anyone. */
  fill(): Promise<void>;
  free(): Promise<void>;
  makeReadOnly(): Promise<void>;
  makeWritable(): Promise<void>;
  unmount(): Promise<void>;
};

/** A file system of its own that is easily full (tmpfs; needs root). */
export const mountSmallDisk = async (path: string, megabytes: number): Promise<SmallDisk> => {
  await mkdir(path, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'weather-gateway-faults', path]);
  const ballast = join(path, 'ballast');
  return {
    path,
    fill: async () => {
      const { bavail, bsize } = await statfs(path);
      await appendFile(ballast, Buffer.alloc(Number(bavail) * Number(bsize))).catch(() => undefined);
    },
    free: () => rm(ballast, { force: true }),
    makeReadOnly: () => run('mount', ['-o', 'remount,ro', path]).then(() => undefined),
    makeWritable: () => run('mount', ['-o', 'remount,rw', path]).then(() => undefined),
    unmount: () => run('umount', ['-l', path]).then(() => undefined),
  };
};

/** `null` where small disks can be mounted and remounted; elsewhere why not: no root, or a container without the right. */
export const whyNoSmallDisk = async (): Promise<string | null> => {
  const path = await mkdtemp(join(tmpdir(), 'faults-mount-'));
  try {
    const disk = await mountSmallDisk(path, 1);
    try {
      await disk.makeReadOnly();
      await disk.makeWritable();
    } finally {
      await disk.unmount();
    }
    return null;
  } catch (error) {
    return formatError(error).trim();
  } finally {
    await rm(path, { recursive: true, force: true });
  }
};
