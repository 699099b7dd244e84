// Once for all suites: the release that install.sh makes of this clone, with Node.js, as the image of a disk. The machines
// read it several times as fast as the files of the host.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { projectRoot } from './machine.ts';

const run = promisify(execFile);
const IMAGE_MEGABYTES = 600;

declare module 'vitest' {
  interface ProvidedContext {
    /** ext4 with `release/` and the program `node`; several machines may read it at once. */
    readonly releaseDisk: string;
  }
}

/** As vitest calls it; what is returned is called at the end. */
export const setup = async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  const folder = await mkdtemp(join(tmpdir(), 'weather-gateway-release-'));
  const root = join(folder, 'root');
  const disk = join(folder, 'release.img');
  await mkdir(root);
  await run(join(projectRoot, 'systemd/install.sh'), ['--stage', join(root, 'release')]);
  await copyFile(process.execPath, join(root, 'node'));
  await run('mkfs.ext4', ['-q', '-O', '^has_journal', '-d', root, disk, `${IMAGE_MEGABYTES}M`]);
  await rm(root, { recursive: true });
  provide('releaseDisk', disk);
  return () => rm(folder, { recursive: true });
};
