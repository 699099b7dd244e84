import { describe, expect, it } from 'vitest';
import { Progress } from '../../src/measuring/progress.ts';
import { createManualClock } from '../fakes/clock.ts';

const setUp = () => {
  const clock = createManualClock();
  return { clock, progress: new Progress({ clock, intervalMs: 12_000 }) };
};

describe('progress', () => {
  it('is alive and healthy while samples are taken and readings stored', async () => {
    const { clock, progress } = setUp();
    await clock.advance(50_000);
    progress.noteSample();
    progress.noteStored();
    await clock.advance(50_000);

    expect(progress.isAlive()).toBe(true);
    expect(progress.health()).toEqual({ isHealthy: true, reason: null });
  });

  it('is dead when sampling stops', async () => {
    const { clock, progress } = setUp();
    await clock.advance(60_000);
    progress.noteStored();

    expect(progress.isAlive()).toBe(false);
    expect(progress.health().reason).toBe('no sample was taken in time');
  });

  it('is dead when storing hangs', async () => {
    const { clock, progress } = setUp();
    await clock.advance(60_000);
    progress.noteSample();

    expect(progress.isAlive()).toBe(false);
    expect(progress.health().reason).toBe('no reading was stored in time');
  });

  it('has measured once it has sampled and stored', () => {
    const { progress } = setUp();
    progress.noteSample();
    expect(progress.hasMeasured()).toBe(false);
    progress.noteUnstored('the disk is full');
    expect(progress.hasMeasured()).toBe(false);
    progress.noteStored();
    expect(progress.hasMeasured()).toBe(true);
  });

  it('is unhealthy but alive with a full disk, which no restart would mend', async () => {
    const { clock, progress } = setUp();
    await clock.advance(60_000);
    progress.noteSample();
    progress.noteUnstored('the disk is full');

    expect(progress.isAlive()).toBe(true);
    expect(progress.health()).toEqual({ isHealthy: false, reason: 'the disk is full' });
    progress.noteStored();
    expect(progress.health().isHealthy).toBe(true);
  });
});
