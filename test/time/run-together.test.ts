import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Loop, runTogether } from '../../src/time/loops.ts';

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
