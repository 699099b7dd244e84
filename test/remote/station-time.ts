import { setImmediate as turn } from 'node:timers/promises';
import type { ManualClock } from '../fakes/clock.ts';
import type { FakePublisher } from '../fakes/publisher.ts';

/** Questions and answers, which each take a turn of the event loop, go to and fro. */
export const settle = async (): Promise<void> => {
  for (let turns = 0; turns < 12; turns += 1) await turn();
};

/** Time at a station, in steps between which questions are answered. */
export const createStationTime = (clock: ManualClock, publisher: FakePublisher, steps = 100) => {
  const passes = async (ms = 0): Promise<void> => {
    await settle();
    const stepMs = Math.max(500, ms / steps);
    for (let passedMs = 0; passedMs < ms; passedMs += stepMs) {
      await clock.advance(Math.min(stepMs, ms - passedMs));
      await settle();
    }
  };
  /** What the uplink does on each connection. */
  const acknowledge = async (): Promise<void> => {
    await publisher.publish('weather/1/status', '{}', { retain: true });
    await settle();
  };
  return { passes, acknowledge };
};
