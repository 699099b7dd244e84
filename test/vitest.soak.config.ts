import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** What takes too long for every change: 200 damaged stores, and a simulated week. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/soak/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
  },
});
