import type { Log } from '../log.ts';
import type { Clock } from '../time/clock.ts';

const WINDOW_MS = 60_000;
const MAX_IN_WINDOW = 10;
const MAX_ADDRESSES = 1_000;

type Window = { readonly startMs: number; readonly count: number };

/** Wrong tokens by address: the first of a minute is logged, and after ten of them the address has to wait. */
export class WrongTokens {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** One more wrong token; returns how long the address has to wait, s, or 0. */
  note(address: string): number {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#windows.get(address);
    const isOver = known === undefined || nowMs - known.startMs >= WINDOW_MS;
    const window = isOver ? { startMs: nowMs, count: 1 } : { startMs: known.startMs, count: known.count + 1 };
    if (window.count === 1) this.#log.warn({ address }, 'a wrong token was presented to the dashboard');
    if (window.count === MAX_IN_WINDOW + 1)
      this.#log.warn({ address }, 'many wrong tokens: this address has to wait');
    this.#windows.delete(address);
    this.#windows.set(address, window);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > MAX_ADDRESSES && oldest !== undefined) this.#windows.delete(oldest);
    return window.count > MAX_IN_WINDOW ? Math.ceil((window.startMs + WINDOW_MS - nowMs) / 1_000) : 0;
  }
}
