import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The package on emulated 64-bit ARM machines, one after the other. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/arm/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
  },
});
