import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/**
 * Unit and contract tests. Files named *.long.test.ts take longer than all others of their kind together; `npm test` leaves
 * them to `npm run test:all`.
 */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/**/*.test.ts'],
    exclude: ['test/{arm,soak,vm}/**', 'test/system/**', 'test/cloud-tools/**'],
    // The epoll and i2c-bus addons crash in worker threads.
    pool: 'forks',
    // Vitest leaves one processor idle by itself, which is half of a machine with two.
    maxWorkers: '100%',
    // A busy machine may take its time; no test is about how long.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/http/page/**'],
      reporter: ['text-summary', 'json-summary'],
      reportsDirectory: 'coverage',
      thresholds: {
        lines: 95,
        // The pure core. `format` writes for people; the runner and the outputs of the pre-alerts are adapters.
        'src/weather/!(format).ts': { branches: 100 },
        'src/time/backoff.ts': { branches: 100 },
        'src/quality/**': { branches: 100 },
        'src/pre-alerts/!(pre-alert-runner|alert-outputs).ts': { branches: 100 },
      },
    },
  },
});
