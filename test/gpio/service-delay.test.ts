import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ServiceDelay } from '../../src/gpio/onoff/service-delay.ts';

describe('how late a process is', () => {
  let tasks: string;

  beforeEach(async () => {
    tasks = await mkdtemp(join(tmpdir(), 'tasks-'));
    for (const task of ['100', '101']) await mkdir(join(tasks, task));
    write('100', 5, 3);
    write('101', 900, 900);
  });
  afterEach(() => rm(tasks, { recursive: true }));

  /** As the kernel writes it: time on a processor, time waiting for one, turns. */
  const write = (task: string, ranMs: number, waitedMs: number): void =>
    writeFileSync(join(tasks, task, 'schedstat'), `${ranMs * 1e6} ${waitedMs * 1e6} 7\n`);

  const follow = async (): Promise<ServiceDelay> => {
    const delay = new ServiceDelay(tasks);
    await delay.follow(async () => {
      await mkdir(join(tasks, '102'));
      write('102', 0, 0);
    });
    delay.lateMs(1_000);
    return delay;
  };

  it('is what its two threads ran and waited since it rested', async () => {
    const delay = await follow();
    write('100', 5.5, 5);
    write('102', 0.1, 1);

    expect(delay.lateMs(1_010)).toBeCloseTo(3.6, 6);
    delay.close();
  });

  it('counts on where it did not rest in between', async () => {
    const delay = await follow();
    write('100', 6, 7);
    expect(delay.lateMs(1_010)).toBeCloseTo(5, 6);
    write('100', 7, 9);
    expect(delay.lateMs(1_013.1)).toBeCloseTo(8.1, 6);
    write('100', 7.2, 9);

    expect(delay.lateMs(1_020)).toBeCloseTo(0.2, 6);
    delay.close();
  });

  it('is not what other threads did', async () => {
    const delay = await follow();
    write('101', 950, 950);

    expect(delay.lateMs(1_010)).toBeCloseTo(0, 6);
    delay.close();
  });

  describe('where the kernel does not tell', () => {
    it.each(['zeros', 'no file'])('(%s) is that of the last timer, for a while', async (what) => {
      if (what === 'zeros') write('100', 0, 0);
      else await rm(join(tasks, '100', 'schedstat'));
      const delay = await follow();
      expect(delay.isKnown).toBe(false);
      expect(delay.lateMs(1_010)).toBe(2);
      delay.noteTimer(1_020, 15);
      delay.noteTimer(1_025, 0);

      expect([delay.lateMs(1_030), delay.lateMs(1_050)]).toEqual([15, 2]);
      delay.close();
    });

    it('says so where there is no such folder', async () => {
      const delay = new ServiceDelay(join(tasks, 'none'));
      await delay.follow(() => Promise.resolve());

      expect([delay.isKnown, delay.lateMs(5)]).toEqual([false, 2]);
    });
  });
});
