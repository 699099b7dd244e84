// Once for all suites: the release that install.sh makes of the package, with Node.js, as the image of a disk. The machines
// read it several times as fast as the files of the host. The package is not made here: that would build dist/ anew under
// the suites that run beside these.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { projectRoot } from './machine.ts';

const run = promisify(execFile);
const { version }: { version: string } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
const builtPackage = join(projectRoot, `node_modules/.cache/weather-gateway-${version}.tgz`);
const IMAGE_MEGABYTES = 600;

declare module 'vitest' {
  interface ProvidedContext {
    /** ext4 with `release/` and the program `node`; several machines may read it at once. */
    readonly releaseDisk: string;
    /** The same release as a folder. */
    readonly release: string;
  }
}

/** As vitest calls it; what is returned is called at the end. */
export const setup = async ({ provide }: TestProject): Promise<() => Promise<void>> => {
  if (!existsSync(builtPackage)) throw new Error('no package: npm run build:package makes it');
  const folder = await mkdtemp(join(tmpdir(), 'weather-gateway-release-'));
  const root = join(folder, 'root');
  const disk = join(folder, 'release.img');
  await mkdir(root);
  await run(join(projectRoot, 'systemd/install.sh'), ['--stage', join(root, 'release'), builtPackage]);
  await copyFile(process.execPath, join(root, 'node'));
  await run('mkfs.ext4', ['-q', '-O', '^has_journal', '-d', root, disk, `${IMAGE_MEGABYTES}M`]);
  provide('releaseDisk', disk);
  provide('release', join(root, 'release'));
  return () => rm(folder, { recursive: true });
};
