import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** The cloud side against tools from PyPI: cfn-lint, moto. They need Python 3 and, once, the network. */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/cloud-tools/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
});
