import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './longest-first.ts';

/**
 * Tests of the built daemon on a real kernel in an emulated machine. Most machines take one core and go by virtual time,
 * so that two side by side do not disturb each other.
 */
export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    include: ['test/vm/*.test.ts'],
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    globalSetup: 'test/vm/stage-release.ts',
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
