import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

const sourcesUnder = (folder: string): { path: string; text: string }[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('node_modules'))
    .map((name) => ({
      path: join(folder, name),
      text: readFileSync(join(root, folder, name), 'utf8'),
    }));

const importedPackages = (text: string): string[] =>
  [...text.matchAll(/^(?:import|export)(?! type\b)[^;]*?from '([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm)]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((name) => !name.startsWith('node:'));

describe('the shape of the code', () => {
  it('imports each runtime package in exactly one file', () => {
    const importers = new Map<string, Set<string>>();
    for (const { path, text } of sourcesUnder('src')) {
      for (const name of importedPackages(text)) {
        importers.set(name, (importers.get(name) ?? new Set()).add(relative('src', path)));
      }
    }
    // zod describes what comes from outside at several edges.
    importers.delete('zod');

    const shared = [...importers]
      .filter(([, files]) => files.size > 1)
      .map(([name, files]) => [name, ...files]);
    expect(shared).toEqual([]);
  });

  it('never mocks a module', () => {
    const mocking = sourcesUnder('test')
      .filter(
        ({ path, text }) => !path.endsWith('architecture.test.ts') && /\bvi\.(mock|doMock)\(/.test(text),
      )
      .map(({ path }) => path);
    expect(mocking).toEqual([]);
  });

  it('converts a file URL with fileURLToPath, since its pathname is escaped', () => {
    const escaped = ['src', 'cloud', 'test', 'config']
      .flatMap(sourcesUnder)
      .filter(({ text }) => text.includes('import.meta.url') && /\)\.pathname\b/.test(text))
      .map(({ path }) => path);
    expect(escaped.filter((path) => path !== 'test/architecture.test.ts')).toEqual([]);
  });

  it('has no barrels and no junk drawers', () => {
    const names = ['src', 'cloud'].flatMap((folder) => sourcesUnder(folder).map(({ path }) => path));
    expect(names.filter((name) => /\/(index|utils?|helpers?|common|misc)\.ts$/.test(name))).toEqual([]);
  });
});
