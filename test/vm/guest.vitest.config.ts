import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Suites that run inside the machine, on its kernel's own buses. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/vm/guest/*.test.ts'],
    // In a file each they would start a process each, which is slow under emulation.
    pool: 'forks',
    fileParallelism: false,
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    cache: false,
  },
});
