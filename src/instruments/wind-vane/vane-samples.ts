import { meanDirectionDegrees } from '../../weather/mean-direction.ts';
import type { Attempt, InstrumentHealth } from '../instrument-health.ts';
import type { SensorFault } from '../sensor.ts';
import type { WindVane } from './wind-vane.ts';

const neverRead: SensorFault = { code: 'not-ready', message: 'wind vane: not read in this interval' };
const unmatched: SensorFault = {
  code: 'implausible',
  message: 'wind vane: its voltage matches no position',
};

/** The directions of one interval, for their mean. */
export class VaneSamples {
  readonly #vane: WindVane;
  readonly #health: InstrumentHealth;
  #directionsDegrees: number[] = [];
  #fault: SensorFault | null = null;

  constructor({ instrument, health }: { readonly instrument: WindVane; readonly health: InstrumentHealth }) {
    this.#vane = instrument;
    this.#health = health;
  }

  async sample(): Promise<void> {
    const attempt = await this.#health.attempt(() => this.#vane.read());
    if ('fault' in attempt) this.#fault = attempt.fault;
    else if (attempt.value === null) this.#fault = unmatched;
    else this.#directionsDegrees.push(attempt.value);
  }

  /** Ends the interval. The mean of what was read, however often reading failed; `null` where directions cancel out. */
  close(): Attempt<number | null> {
    const directionsDegrees = this.#directionsDegrees;
    const fault = this.#fault ?? neverRead;
    this.#directionsDegrees = [];
    this.#fault = null;
    if (directionsDegrees.length === 0) return { fault };
    return { value: meanDirectionDegrees(directionsDegrees) };
  }
}
