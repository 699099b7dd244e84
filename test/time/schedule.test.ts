import { describe, expect, it } from 'vitest';
import { every } from '../../src/time/loops.ts';
import { createManualClock } from '../fakes/clock.ts';

const runsAt = async (
  periodMs: number,
  untilMs: number,
  task: (run: number, clock: ReturnType<typeof createManualClock>) => Promise<void> = () => Promise.resolve(),
): Promise<number[]> => {
  const clock = createManualClock({ monotonicMs: 0 });
  const stop = new AbortController();
  const runs: number[] = [];
  const running = every(periodMs, { clock, signal: stop.signal }, async () => {
    runs.push(clock.monotonicMs());
    await task(runs.length, clock);
  });
  await clock.advance(untilMs);
  stop.abort();
  await running;
  return runs;
};

describe('a schedule', () => {
  it('runs at once and then on every period', async () => {
    expect(await runsAt(12_000, 36_000)).toEqual([0, 12_000, 24_000, 36_000]);
  });

  it('leaves out the runs that a slow one covers and keeps to its grid', async () => {
    const slowOnce = (run: number, clock: { sleep(ms: number): Promise<void> }): Promise<void> =>
      run === 2 ? clock.sleep(2_500) : Promise.resolve();

    expect(await runsAt(1_000, 6_000, slowOnce)).toEqual([0, 1_000, 4_000, 5_000, 6_000]);
  });

  it('rejects with what its task rejects with', async () => {
    const failing = every(1_000, { clock: createManualClock(), signal: new AbortController().signal }, () =>
      Promise.reject(new Error('a bug')),
    );

    await expect(failing).rejects.toThrow('a bug');
  });

  it('rejects when waiting itself fails', async () => {
    const clock = { ...createManualClock(), sleep: () => Promise.reject(new Error('no timer')) };

    const running = every(1_000, { clock, signal: new AbortController().signal }, () => Promise.resolve());

    await expect(running).rejects.toThrow('no timer');
  });
});
