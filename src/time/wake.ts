import type { Clock } from './clock.ts';

/** Something may be to do: a sleep that can be cut short, and a call before it is not forgotten. */
export class Wake {
  readonly #clock: Clock;
  #isCalled = false;
  #sleep: AbortController | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  call(): void {
    this.#isCalled = true;
    this.#sleep?.abort();
  }

  /** Until it is called, the time is over, or the signal aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#isCalled && !signal.aborted) {
      const sleep = new AbortController();
      const stop = (): void => sleep.abort();
      signal.addEventListener('abort', stop);
      this.#sleep = sleep;
      await this.#clock.sleep(ms, sleep.signal).catch((error: unknown) => {
        if (!sleep.signal.aborted) throw error;
      });
      this.#sleep = undefined;
      signal.removeEventListener('abort', stop);
    }
    this.#isCalled = false;
  }
}
