// Releases and their signed archives for the machine in which a station takes updates.
import { execFile } from 'node:child_process';
import { chmod, cp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, inject } from 'vitest';
import { makeKeys, makeRelease, packRelease } from '../system/station-with-updates.ts';

const run = promisify(execFile);

/** The program of the staged release, behind lines of sh that see `$here`, its folder. */
const wrapped = async (release: string, lines: string): Promise<void> => {
  const main = join(release, 'dist/main.js');
  await rename(main, join(release, 'dist/whole.js'));
  const script = `#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\n${lines}\nexec node "$here/whole.js" "$@"\n`;
  await writeFile(main, script, { mode: 0o755 });
};

const staged = async (release: string, version: string): Promise<void> => {
  await cp(inject('release'), release, { recursive: true, verbatimSymlinks: true });
  // As make-release.sh does: a station takes no links.
  await run('find', [release, '-name', '.bin', '-prune', '-exec', 'rm', '-r', '{}', '+']);
  const file = join(release, 'package.json');
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), version }));
};

/** What happens on the station, by the version. */
const releases: Readonly<Record<string, (release: string, version: string) => Promise<void>>> = {
  // Kept.
  '9.1.0': staged,
  // Does not start.
  '9.2.0': async (release, version) => {
    await makeRelease(release, version);
    await writeFile(join(release, 'dist/main.js'), '#!/bin/sh\nexit 1\n');
  },
  // Starts, measures, and cannot connect.
  '9.3.0': async (release, version) => {
    await staged(release, version);
    await wrapped(
      release,
      `[ "$1" != run ] || {
  sed 's/endpoint: .*/endpoint: nowhere.invalid/' /etc/weather-gateway/gateway.yaml >"$RUNTIME_DIRECTORY/gateway.yaml"
  export WEATHER_GATEWAY_CONFIG="$RUNTIME_DIRECTORY/gateway.yaml"
}`,
    );
  },
  // Delivers, and crashes after a while, again and again.
  '9.4.0': async (release, version) => {
    await staged(release, version);
    await wrapped(release, '[ "$1" != run ] || { sleep 25; kill -9 $$; } &');
  },
  // Knows a key that the one before does not.
  '9.5.0': async (release, version) => {
    await staged(release, version);
    const file = join(release, 'dist/config/schema.js');
    const text = await readFile(file, 'utf8');
    const known = ".describe('Least severity that is logged.'),";
    expect(text).toContain(known);
    await writeFile(file, text.replace(known, `${known} ofTheNextRelease: z.boolean().optional(),`));
  },
  // Follows and precedes 9.1.0.
  '9.1.1': staged,
  // Older.
  '0.1.0': makeRelease,
};

type Packing = {
  readonly key?: string;
  readonly namespace?: string;
  readonly manifest?: Readonly<Record<string, unknown>>;
  readonly tarArguments?: readonly string[];
  /** Before it is packed. */
  readonly change?: (release: string) => Promise<unknown>;
};

/** What no station takes, each a complete small release but for one thing. */
const refused: Readonly<Record<string, Packing>> = {
  'other-hash': { manifest: { sha256: '0'.repeat(64) } },
  'other-key': { key: 'other' },
  'other-namespace': { namespace: 'git' },
  'other-processor': { manifest: { architecture: 'linux-riscv64' } },
  'leads-out': { tarArguments: ['--transform', 's|package.json|../package.json|'] },
  link: { change: (release) => symlink('/etc', join(release, 'etc')) },
  setuid: { change: (release) => chmod(join(release, 'dist/main.js'), 0o4755) },
  'cut-short': {},
};

const makeRefused = async (folder: string): Promise<void> => {
  for (const [name, packing] of Object.entries(refused)) {
    const { key = 'now', namespace, manifest, tarArguments, change } = packing;
    const release = join(folder, name);
    await makeRelease(release, '9.6.0');
    await change?.(release);
    const signing = { key: join(folder, key), ...(namespace === undefined ? {} : { namespace }) };
    const base = join(folder, `update-${name}`);
    await packRelease(base, release, signing, manifest, tarArguments);
    if (name === 'cut-short') await truncate(`${base}.tar.gz`, 1_000);
    await rm(release, { recursive: true });
  }
};

/** Archives that an installed station is handed, as `update-NAME.*` of a folder, and the file of who may sign them. */
export const makeUpdates = async (folder: string): Promise<void> => {
  await makeKeys(folder);
  for (const [version, make] of Object.entries(releases)) {
    const release = join(folder, version);
    await make(release, version);
    await packRelease(
      join(folder, `update-${version}`),
      release,
      { key: join(folder, 'now') },
      // Only 9.1.0 and 9.1.1 follow one another.
      { unpackedSize: 100_000_000, downgrade: version.startsWith('9.1.') },
    );
    await rm(release, { recursive: true });
  }
  await makeRefused(folder);
};
