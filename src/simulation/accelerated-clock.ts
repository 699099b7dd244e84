import type { Clock } from '../time/clock.ts';

/**
 * A clock that runs faster. Both its times follow from those of the machine alone, so that they go on from where
 * they were when the daemon starts anew.
 */
export const accelerated = (clock: Clock, speed: number): Clock => {
  if (speed === 1) return clock;
  return {
    wallMs: () => Math.floor(clock.wallMs() + clock.monotonicMs() * (speed - 1)),
    monotonicMs: () => clock.monotonicMs() * speed,
    sleep: (ms, signal) => clock.sleep(ms / speed, signal),
  };
};
