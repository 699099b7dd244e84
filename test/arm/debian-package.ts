import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../vm/machine.ts';

const run = promisify(execFile);
export const { version }: { version: string } = JSON.parse(
  readFileSync(join(projectRoot, 'package.json'), 'utf8'),
);
const cache = join(projectRoot, 'node_modules/.cache');
/** As `npm run build:package` makes it. */
const npmPackage = join(cache, `weather-gateway-${version}.tgz`);

/** Builds packages into a folder. */
export const buildPackages = (folder: string, ...architectures: readonly string[]) =>
  run(join(projectRoot, 'systemd/debian/build.sh'), [folder, npmPackage, ...architectures], {
    maxBuffer: 2 ** 26,
  });

/** Of all that a package is made of, but for the compilers. */
const hashOfSources = async (): Promise<string> => {
  const hash = createHash('sha256');
  const folder = join(projectRoot, 'systemd/debian');
  const files = (await readdir(folder)).toSorted().map((name) => join(folder, name));
  for (const file of [npmPackage, join(projectRoot, 'LICENSE'), ...files]) hash.update(await readFile(file));
  hash.update((await run('git', ['-C', projectRoot, 'log', '-1', '--format=%ct'])).stdout);
  return hash.digest('hex').slice(0, 16);
};

/**
 * The package of this commit, which is made once for the suites that ask for it, those that run side by side included. It stays
 * until another one is asked for.
 */
export const debianPackageFor = async (architecture: 'amd64' | 'arm64'): Promise<string> => {
  if (!existsSync(npmPackage)) throw new Error('no package: npm run build:package makes it');
  const folder = join(cache, 'debian-packages', await hashOfSources());
  const file = join(folder, `weather-gateway_${version}_${architecture}.deb`);
  const script = `mkdir -p "$1" && exec 9>"$1/lock" && flock 9 || exit
[ -e "$4" ] || { "$2/systemd/debian/build.sh" "$1/made" "$3" "$5" && mv "$1/made/$(basename "$4")" "$4"; } || exit
find "$(dirname "$1")" -mindepth 1 -maxdepth 1 ! -path "$1" -exec rm -r {} +`;
  await run('bash', ['-c', script, 'bash', folder, projectRoot, npmPackage, file, architecture], {
    maxBuffer: 2 ** 26,
  });
  return file;
};
