import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { every, type Loop, pause, runTogether, withDeadline } from '../../src/time/loops.ts';
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

describe('a pause', () => {
  it('ends when the time is over, or earlier with the signal, also one that has aborted before', async () => {
    const clock = createManualClock();
    const stop = new AbortController();
    const whole = pause(clock, 1_000, stop.signal);
    await clock.advance(1_000);
    await whole;

    const cut = pause(clock, 1_000, stop.signal);
    stop.abort();
    await cut;
    await pause(clock, 1_000, stop.signal);

    expect(clock.sleepers()).toBe(0);
  });
});

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

const untilStopped: Loop = async (signal) => {
  if (!signal.aborted) await once(signal, 'abort');
};

describe('running loops together', () => {
  it('ends when all of them have, after the signal', async () => {
    const stop = new AbortController();
    const ended: string[] = [];
    const running = runTogether(
      ['a', 'b'].map((name) => async (signal) => {
        await untilStopped(signal);
        ended.push(name);
      }),
      stop.signal,
    );

    stop.abort();
    await running;

    expect(ended).toEqual(['a', 'b']);
  });

  it('stops the others when one fails, and rejects with the first failure', async () => {
    const bug = new Error('a bug');
    let isOtherStopped = false;

    const running = runTogether(
      [
        () => Promise.reject(bug),
        async (signal) => {
          await untilStopped(signal);
          isOtherStopped = true;
          throw new Error('stopped in the middle');
        },
      ],
      new AbortController().signal,
    );

    await expect(running).rejects.toBe(bug);
    expect(isOtherStopped).toBe(true);
  });
});

const never = new Promise<never>(() => undefined);

describe('a deadline', () => {
  it('resolves and rejects as the work does, and leaves no timer', async () => {
    const clock = createManualClock();
    const deadline = { limitMs: 1_000, signal: new AbortController().signal };

    await expect(withDeadline(clock, deadline, Promise.resolve('done'))).resolves.toBe('done');
    await expect(withDeadline(clock, deadline, Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
    expect(clock.sleepers()).toBe(0);
  });

  it('is late when the time is over', async () => {
    const clock = createManualClock();
    const result = withDeadline(clock, { limitMs: 1_000, signal: new AbortController().signal }, never);

    await clock.advance(1_000);
    await expect(result).resolves.toBe('late');
  });

  it('ends with the signal, also one that has aborted before', async () => {
    const clock = createManualClock();
    const stop = new AbortController();
    const result = withDeadline(clock, { limitMs: 1_000, signal: stop.signal }, never);

    stop.abort();
    await expect(result).resolves.toBe('ended');
    await expect(withDeadline(clock, { limitMs: 1_000, signal: stop.signal }, never)).resolves.toBe('ended');
  });

  it('takes no harm from work that rejects after it was given up', async () => {
    const clock = createManualClock();
    let fail: () => void = () => undefined;
    const work = new Promise<never>((_resolve, reject) => {
      fail = () => reject(new Error('too late'));
    });
    const result = withDeadline(clock, { limitMs: 1_000, signal: new AbortController().signal }, work);

    await clock.advance(1_000);
    await expect(result).resolves.toBe('late');
    fail();
    await clock.advance(0);
  });
});
