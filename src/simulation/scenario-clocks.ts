// The clocks that a scenario asks for.
import type { Clock } from '../time/clock.ts';
import { eventsOf, type Scenario } from './scenario.ts';

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

type Lag = {
  /** Unix time of the machine, ms. */
  readonly atMs: number;
  /** How far the clock is behind at that moment, ms. */
  readonly byMs: number;
  /** How much faster time passes as long as it is behind; at 1 it stays behind. */
  readonly speed: number;
};

/**
 * A clock that lives in the past, runs faster until it has caught up with the machine's, and is the machine's from
 * then on. Both its times follow from those of the machine alone, so that they go on from where they were when the
 * daemon starts anew, and neither ever steps.
 */
export const catchingUp = (clock: Clock, { atMs, byMs, speed }: Lag): Clock => {
  const gainedPerMs = speed - 1;
  const atMonotonicMs = clock.monotonicMs() - (clock.wallMs() - atMs);
  const behindMs = (): number =>
    Math.max(0, byMs - Math.max(0, clock.monotonicMs() - atMonotonicMs) * gainedPerMs);
  return {
    wallMs: () => Math.floor(clock.wallMs() - behindMs()),
    monotonicMs: () => clock.monotonicMs() + byMs - behindMs(),
    sleep: (ms, signal) => {
      const fastMs = gainedPerMs === 0 ? 0 : Math.min(ms / speed, behindMs() / gainedPerMs);
      return clock.sleep(fastMs + (ms - fastMs * speed), signal);
    },
  };
};

/** A clock whose wall time has the steps of the scenario. */
export const stepping = (clock: Clock, scenario: Scenario, elapsedSeconds: () => number): Clock => {
  const steps = eventsOf(scenario, 'clockStep');
  return {
    wallMs: () => {
      const now = elapsedSeconds();
      const passed = steps.filter(({ atSeconds }) => atSeconds <= now);
      return clock.wallMs() + passed.reduce((sum, { bySeconds }) => sum + bySeconds * 1000, 0);
    },
    monotonicMs: () => clock.monotonicMs(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
  };
};
