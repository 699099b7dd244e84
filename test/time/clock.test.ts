import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/time/clock.ts';
import { clockContract } from '../contract/clock.ts';
import { createManualClock } from '../fakes/clock.ts';

clockContract('the system clock', () => systemClock);
clockContract('the automatic test clock', () => createManualClock({ isAutomatic: true }));

describe('the manual test clock', () => {
  it('wakes sleepers in the order they fall due, and those that sleep again on the way', async () => {
    const clock = createManualClock();
    const startMs = clock.monotonicMs();
    const wokenAtMs: number[] = [];
    const loop = async (): Promise<void> => {
      for (;;) {
        await clock.sleep(10);
        wokenAtMs.push(clock.monotonicMs() - startMs);
      }
    };
    void loop();
    void clock.sleep(15).then(() => wokenAtMs.push(clock.monotonicMs() - startMs));

    await clock.advance(35);

    expect(wokenAtMs).toEqual([10, 15, 20, 30]);
    expect(clock.monotonicMs() - startMs).toBe(35);
    expect(clock.sleepers()).toBe(1);
  });

  it('steps the wall clock without waking anyone', async () => {
    const clock = createManualClock({ wallMs: 1_000_000 });
    let isAwake = false;
    void clock.sleep(10).then(() => {
      isAwake = true;
    });
    const monotonicMs = clock.monotonicMs();

    clock.stepWall(86_400_000);
    await clock.advance(0);

    expect(clock.wallMs()).toBe(87_400_000);
    expect(clock.monotonicMs()).toBe(monotonicMs);
    expect(isAwake).toBe(false);
  });

  it('forgets a sleeper that is aborted', () => {
    const clock = createManualClock();
    const controller = new AbortController();
    const sleeping = clock.sleep(10, controller.signal);
    sleeping.catch(() => {});

    controller.abort(new Error('stopping'));

    expect(clock.sleepers()).toBe(0);
  });

  it('waits until somebody sleeps', async () => {
    const clock = createManualClock();
    setImmediate(() => setImmediate(() => void clock.sleep(5)));

    await clock.untilSleeping();

    expect(clock.sleepers()).toBe(1);
  });

  it('waits until nobody runs any more', async () => {
    const clock = createManualClock();
    const controller = new AbortController();
    let turns = 0;
    const run = (): void => {
      turns += 1;
      setImmediate(() => void clock.sleep(5));
    };
    clock.sleep(5, controller.signal).catch(() => setImmediate(run));
    setImmediate(() => controller.abort());

    await clock.untilOnlySleeping();

    expect(turns).toBe(1);
    expect(clock.sleepers()).toBe(1);
  });
});
