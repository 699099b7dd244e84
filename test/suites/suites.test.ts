import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { allSuites } from './suites.ts';

const systemFolder = fileURLToPath(new URL('../system', import.meta.url));

describe('the suites', () => {
  it('have a name each', () => {
    const names = allSuites.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('run each file of test/system once', () => {
    const patterns = allSuites
      .filter(({ command }) => command.includes('test/vitest.system.config.ts'))
      .flatMap(({ command }) => command.slice(4));
    const files = readdirSync(systemFolder).filter((name) => name.endsWith('.test.ts'));

    for (const file of files)
      expect(
        patterns.filter((pattern) => `system/${file}`.includes(pattern)),
        file,
      ).toHaveLength(1);
    for (const pattern of patterns)
      expect(
        files.filter((file) => `system/${file}`.includes(pattern)),
        pattern,
      ).toHaveLength(1);
  });
});
