import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/time/clock.ts';

/** What every `Clock` does, whether its time is real or not. It must run by itself. */
export const clockContract = (name: string, create: () => Clock): void => {
  describe(`${name} as a clock`, () => {
    it('sleeps at least as long as asked on the monotonic clock', async () => {
      const clock = create();
      const startMs = clock.monotonicMs();

      await clock.sleep(20);

      // Node's timers count whole milliseconds and may be up to one early.
      expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(19);
    });

    it('wakes the shorter of two sleeps first', async () => {
      const clock = create();
      const order: string[] = [];

      await Promise.all([
        clock.sleep(60).then(() => order.push('long')),
        clock.sleep(10).then(() => order.push('short')),
      ]);

      expect(order).toEqual(['short', 'long']);
    });

    it('returns at once from a sleep of nothing', async () => {
      await create().sleep(0);
    });

    it('rejects a sleep with the reason of the signal that cuts it short', async () => {
      const controller = new AbortController();
      const sleeping = create().sleep(3_600_000, controller.signal);
      const reason = new Error('stopping');

      controller.abort(reason);

      await expect(sleeping).rejects.toBe(reason);
    });

    it('rejects a sleep under a signal that is aborted already', async () => {
      const reason = new Error('stopped');

      await expect(create().sleep(10, AbortSignal.abort(reason))).rejects.toBe(reason);
    });

    it('tells Unix time in milliseconds', () => {
      expect(create().wallMs()).toBeGreaterThan(Date.UTC(2020, 0, 1));
    });
  });
};
