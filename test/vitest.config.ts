import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/**/*.test.ts'],
    exclude: ['test/vm/**', 'test/system/**'],
    // The epoll and i2c-bus addons crash in worker threads.
    pool: 'forks',
    testTimeout: 20_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/http/page/**'],
      reporter: ['text-summary', 'json-summary'],
      reportsDirectory: 'coverage',
      thresholds: {
        lines: 95,
        'src/{reading,message,elapsed,backoff}.ts': { branches: 100 },
        'src/{quality,derived,pre-alerts}/**': { branches: 100 },
      },
    },
  },
});
