import { z } from 'zod';
import type { Clock } from '../time/clock.ts';
import type { Broker } from './broker.ts';

export type NetworkSwitchParts = {
  readonly broker: Pick<Broker, 'cut' | 'restore'>;
  readonly clock: Clock;
  readonly write: (line: string) => void;
  /** The gateway's own status page. */
  readonly statusUrl: string;
};

export type Absence = { readonly afterSeconds: number; readonly forSeconds: number };

const LOOK_EVERY_MS = 3_000;

const waitingSchema = z.object({
  outbox: z.object({ lanes: z.object({ reading: z.object({ waiting: z.int() }) }) }),
});

/** Takes the network away and brings it back, and shows what waits meanwhile. */
export class NetworkSwitch {
  readonly #parts: NetworkSwitchParts;
  #away: AbortController | undefined;

  constructor(parts: NetworkSwitchParts) {
    this.#parts = parts;
  }

  async toggle(): Promise<void> {
    const { broker, write } = this.#parts;
    if (this.#away === undefined) {
      const away = new AbortController();
      this.#away = away;
      write('-------- the network is gone: readings wait in the outbox');
      await broker.cut();
      await this.#watchWaiting(away.signal);
    } else {
      this.#away.abort();
      this.#away = undefined;
      write('-------- the network is back');
      await broker.restore();
    }
  }

  async play({ afterSeconds, forSeconds }: Absence, signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    await clock.sleep(afterSeconds * 1_000, signal);
    const cutting = this.#away === undefined ? this.toggle() : undefined;
    await clock.sleep(forSeconds * 1_000, signal);
    if (this.#away !== undefined) await this.toggle();
    await cutting;
  }

  close(): void {
    this.#away?.abort();
  }

  async #watchWaiting(signal: AbortSignal): Promise<void> {
    const { clock, statusUrl, write } = this.#parts;
    while (!signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
      if (signal.aborted) return;
      const response = await fetch(statusUrl, { signal }).catch(() => null);
      const status = waitingSchema.safeParse(await response?.json().catch(() => null));
      if (status.success) write(`outbox   ${status.data.outbox.lanes.reading.waiting} readings wait`);
    }
  }
}
