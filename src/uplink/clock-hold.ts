import type { Clock } from '../time/clock.ts';
import type { TimeKeeper } from '../time/time-keeper.ts';
import type { Stamp } from '../weather/reading.ts';

/** Long enough for any NTP client's first answer. */
const HOLD_MS = 60_000;

/**
 * A clock that was never set is set within seconds of the network's coming, where NTP gets through at all: for
 * that long after the first connection readings wait for their `corrected` date. Then they go as `estimated`,
 * because a network without NTP may stay one for ever.
 */
export class ClockHold {
  readonly #clock: Clock;
  readonly #timeKeeper: Pick<TimeKeeper, 'status'>;
  #untilMs: number | undefined;

  constructor(clock: Clock, timeKeeper: Pick<TimeKeeper, 'status'>) {
    this.#clock = clock;
    this.#timeKeeper = timeKeeper;
  }

  noteConnected(): void {
    this.#untilMs ??= this.#clock.monotonicMs() + HOLD_MS;
  }

  isHeld(stamp: Stamp): boolean {
    if (stamp.timequality !== 'estimated' || this.#timeKeeper.status().isSynchronized) return false;
    return this.#untilMs === undefined || this.#clock.monotonicMs() < this.#untilMs;
  }
}
