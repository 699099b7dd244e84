import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processWrittenBytes, WriteBudget } from '../../src/store/write-budget.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';

describe('the write budget', () => {
  const setUp = () => {
    const clock = createManualClock({ wallMs: Date.UTC(2026, 5, 1, 20) });
    const log = createRecordingLog();
    let written = 0;
    const budget = new WriteBudget({
      budgetMegabytes: 2,
      log,
      writtenBytes: () => written,
      clock,
    });
    const write = (bytes: number): void => {
      written += bytes;
    };
    return { budget, clock, log, write };
  };

  it('warns once on a day that exceeds it', () => {
    const { budget, log, write } = setUp();
    write(2_000_000);
    const within = budget.look();
    write(1);
    const above = budget.look();
    budget.look();

    expect([within, above]).toEqual([2_000_000, 2_000_001]);
    expect(log.lines('warn')).toEqual([
      {
        day: '2026-06-01',
        bytesToday: 2_000_001,
        budgetMegabytes: 2,
        message: 'more was written to the disk today than the budget allows',
      },
    ]);
  });

  it('begins anew with each day, and warns again', async () => {
    const { budget, clock, log, write } = setUp();
    write(3_000_000);
    budget.look();
    await clock.advance(5 * 3_600_000);
    const next = budget.look();
    write(4_000_000);
    budget.look();

    expect(next).toBe(0);
    expect(log.lines('warn').map(({ day }) => day)).toEqual(['2026-06-01', '2026-06-02']);
  });
});

describe('the bytes a process wrote', () => {
  it('are what the kernel counted', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'io-'));
    const path = join(directory, 'io');
    await writeFile(path, 'rchar: 1\nwrite_bytes: 8192\ncancelled_write_bytes: 4096\n');

    expect(processWrittenBytes(() => 7, path)).toBe(8_192);
    await writeFile(path, 'rchar: 1\n');
    expect(processWrittenBytes(() => 7, path)).toBe(7);
    expect(processWrittenBytes(() => 7, join(directory, 'none'))).toBe(7);
    await rm(directory, { recursive: true });
  });
});
