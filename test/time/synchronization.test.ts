import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemSynchronization } from '../../src/time/synchronization.ts';
import { readBootId } from '../../src/time/time-keeper.ts';

describe('the synchronization of the system clock', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'synchronization-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const timedatectl = (answer: string): string => {
    const file = join(folder, 'timedatectl');
    writeFileSync(file, `#!/bin/sh\necho "${answer}"\n`);
    chmodSync(file, 0o755);
    return file;
  };

  it('is told by the flag of timesyncd', async () => {
    const flag = join(folder, 'synchronized');
    writeFileSync(flag, '');
    const synchronization = systemSynchronization(flag, timedatectl('no'));

    expect(await synchronization.wasSynchronizedInThisBoot()).toBe(true);
    expect(await synchronization.isSynchronized()).toBe(false);
  });

  it('is told by the kernel where chrony or ntpd keep the clock', async () => {
    const synchronization = systemSynchronization(join(folder, 'no-flag'), timedatectl('yes'));

    expect(await synchronization.wasSynchronizedInThisBoot()).toBe(true);
    expect(await synchronization.isSynchronized()).toBe(true);
  });

  it('is unknown, so false, on a system with neither', async () => {
    const synchronization = systemSynchronization(join(folder, 'no-flag'), join(folder, 'no-timedatectl'));

    expect(await synchronization.wasSynchronizedInThisBoot()).toBe(false);
  });
});

describe('the boot id', () => {
  it('stays the same within a boot', async () => {
    expect(await readBootId()).toBe(await readBootId());
    expect(await readBootId()).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is new at each start where the kernel does not tell it', async () => {
    expect(await readBootId('/nonexistent')).not.toBe(await readBootId('/nonexistent'));
  });
});
