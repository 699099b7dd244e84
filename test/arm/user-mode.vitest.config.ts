import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/**
 * Unit and contract tests of store, outbox, MQTT and buses in Debian's Node.js for 64-bit ARM, which user-mode.sh gives to QEMU.
 * Vitest itself, which transforms the files, runs on this machine's processor; it forks its workers by `process.execPath`.
 */
process.execPath = join(process.env['QEMU_LD_PREFIX'] ?? '', 'usr/bin/node');

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('../..', import.meta.url)),
    // None that starts further processes of Node.js, which takes seconds each here.
    include: [
      'test/{buses,i2c}/*.test.ts',
      'test/gpio/{contact-bounce,gpiomon-edge-source,header-chip}.test.ts',
      'test/mqtt/reconnecting-publisher.test.ts',
      'test/outbox/{lane-scan,outbox}.test.ts',
      'test/store/level-store.test.ts',
    ],
    pool: 'forks',
    // A process each would be started by emulation each.
    fileParallelism: false,
    isolate: false,
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 300_000 } },
  },
});
