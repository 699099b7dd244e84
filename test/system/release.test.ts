import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const packed = z.tuple([z.object({ files: z.array(z.object({ path: z.string() })) })]);
const manifest = z.object({
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
});

/** Of the package, as `npm pack` makes it of what is built. */
const packedPaths = (): string[] => {
  const { stdout, stderr } = spawnSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(stderr).not.toContain('ERR');
  const [{ files }] = packed.parse(JSON.parse(stdout));
  return files.map(({ path }) => path);
};

const readPacked = (path: string): string => readFileSync(`${ROOT}/${path}`, 'utf8');

/** `@scope/name` or `name` of each package that a module of dist/ imports. */
const importedPackages = (text: string): string[] =>
  [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'".][^'"]*)['"]/g)]
    .map(([, name = '']) => name)
    .filter((name) => !name.startsWith('node:'))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );

describe('the package of a release', () => {
  const paths = packedPaths();

  it('has the daemon, its page, its configuration and the files for systemd', () => {
    expect(paths).toEqual(
      expect.arrayContaining([
        'dist/main.js',
        'dist/http/page/index.html',
        'config/gateway.yaml',
        'config/gateway.schema.json',
        'systemd/install.sh',
        'systemd/weather-gateway.service',
      ]),
    );
  });

  it('has no demo, no tests and no cloud side', () => {
    expect(paths.filter((path) => /^(dist\/demo|test|cloud|src|docs|node_modules)\//.test(path))).toEqual([]);
  });

  it('imports only packages that are installed with it', () => {
    const { dependencies, optionalDependencies } = manifest.parse(JSON.parse(readPacked('package.json')));
    const installed = new Set([...Object.keys(dependencies), ...Object.keys(optionalDependencies)]);
    const modules = paths.filter((path) => /^dist\/(?!http\/page\/).*\.js$/.test(path));
    const imported = modules.flatMap((path) => importedPackages(readPacked(path)));

    expect(modules.length).toBeGreaterThan(100);
    expect(imported).toContain('zod');
    expect([...new Set(imported)].filter((name) => !installed.has(name))).toEqual([]);
  });
});
