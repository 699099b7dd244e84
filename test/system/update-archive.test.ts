// What make-release.sh makes, taken by update.sh.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeKeys, makeRelease, onStation, writePrograms } from './station-with-updates.ts';

const run = promisify(execFile);
const projectRoot = fileURLToPath(new URL('../..', import.meta.url));
const { version }: { version: string } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8'));
const npmPackage = join(projectRoot, `node_modules/.cache/weather-gateway-${version}.tgz`);
const BUILD_LIMIT_MS = 1_200_000;
const MAX_ARCHIVE_BYTES = 13_000_000;

describe('a signed release', () => {
  let folder: string;
  const make = (target: string, ...args: string[]) =>
    run(join(projectRoot, 'systemd/debian/make-release.sh'), [join(folder, target), npmPackage, ...args], {
      maxBuffer: 2 ** 26,
      env: { ...process.env, RELEASE_KEY: '' },
    });
  const baseOf = (architecture: string): string =>
    join(folder, `made/weather-gateway-${version}-linux-${architecture}`);

  beforeAll(async () => {
    if (!existsSync(npmPackage)) throw new Error('no package: npm run build:package makes it');
    folder = await mkdtemp(join(tmpdir(), 'signed-release-'));
    await chmod(folder, 0o755);
    await makeKeys(folder);
    await make('made', '--key', join(folder, 'next'), '--downgrade', '--minimum-version', '0.1.0');
  }, BUILD_LIMIT_MS);
  afterAll(() => rm(folder, { recursive: true }));

  it.each([
    ['arm64', 'ARM aarch64'],
    ['x64', 'x86-64'],
  ])('for linux-%s holds files and binaries for that alone', async (architecture, machine) => {
    const base = baseOf(architecture);
    const root = join(folder, architecture);
    await mkdir(root);
    await run('tar', ['-xzf', `${base}.tar.gz`, '-C', root]);
    const manifest = JSON.parse(await readFile(`${base}.json`, 'utf8'));
    const { stdout: odd } = await run('find', [root, '!', '-type', 'f', '!', '-type', 'd']);
    const { stdout } = await run('find', [root, '-name', '*.node', '-exec', 'file', '{}', '+']);
    const binaries = stdout.trim().split('\n');

    expect(odd).toBe('');
    expect(binaries.filter((line) => !line.includes(machine))).toEqual([]);
    for (const name of ['epoll', 'i2c', 'aws-crt-nodejs', 'classic-level'])
      expect(binaries.filter((line) => line.includes(`/${name}.`))).toHaveLength(1);
    expect(manifest).toMatchObject({
      version,
      minimumVersion: '0.1.0',
      downgrade: true,
      architecture: `linux-${architecture}`,
      nodeAbi: Number(process.versions.modules),
      glibc: expect.stringMatching(/^2\.\d+$/),
      size: (await readFile(`${base}.tar.gz`)).byteLength,
    });
    expect(manifest.size).toBeLessThan(MAX_ARCHIVE_BYTES);
  });

  it('is the same to the byte when it is made again', { timeout: BUILD_LIMIT_MS }, async () => {
    await make('again', '--key', join(folder, 'next'), 'amd64');

    const name = `weather-gateway-${version}-linux-x64.tar.gz`;
    const [first, again] = await Promise.all(
      ['made', 'again'].map((target) => readFile(join(folder, target, name))),
    );
    expect(again?.equals(first ?? Buffer.alloc(0))).toBe(true);
  });

  it('is taken by a station, and runs there', async () => {
    await writePrograms(folder);
    await makeRelease(join(folder, '1.0.0'), '1.0.0');
    const { stdout } = await onStation(
      folder,
      `put_in_drop ${baseOf('x64')} job-1; units; result job-1; weather-gateway --version
weather-gateway update /nowhere.tar.gz 2>&1`,
    );

    expect(stdout).toContain(`"version":"${version}","state":"IN_PROGRESS","step":"trial"`);
    expect(stdout.trim().split('\n').slice(-2)).toEqual([
      version,
      expect.stringContaining('no such file or directory'),
    ]);
  });

  it('is not made without a key', async () => {
    for (const args of [[], ['--key', '/nowhere'], ['--keys']])
      await expect(make('none', ...args)).rejects.toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^make-release.sh: [^\n]*\n$/),
      });
  });
});
