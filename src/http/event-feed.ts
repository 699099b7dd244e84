import type { ServerResponse } from 'node:http';
import type { Clock } from '../time/clock.ts';
import { every } from '../time/schedule.ts';

export type EventFeedParts = {
  readonly clock: Clock;
  /** What a viewer is sent, as JSON; asked only while somebody looks. */
  readonly snapshot: () => unknown;
  readonly periodMs: number;
  readonly maxViewers: number;
};

/** A viewer this far behind has gone to sleep; it reconnects by itself when it wakes. */
const MAX_UNREAD_BYTES = 256 * 1024;

/** Server-sent events: the whole state at each turn, so that a viewer who missed some needs no replay. */
export class EventFeed {
  readonly #parts: EventFeedParts;
  readonly #viewers = new Set<ServerResponse>();

  constructor(parts: EventFeedParts) {
    this.#parts = parts;
  }

  get isCrowded(): boolean {
    return this.#viewers.size >= this.#parts.maxViewers;
  }

  /** Sends the first event at once. The response's head must be written already. */
  add(viewer: ServerResponse): void {
    this.#viewers.add(viewer);
    viewer.once('close', () => this.#viewers.delete(viewer));
    viewer.write(`retry: ${this.#parts.periodMs}\n${this.#event()}`);
  }

  /** Until the signal aborts; then every viewer is sent away. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, periodMs } = this.#parts;
    await every(periodMs, { clock, signal }, () => Promise.resolve(this.#send()));
    for (const viewer of this.#viewers) viewer.end();
  }

  #send(): void {
    if (this.#viewers.size === 0) return;
    const event = this.#event();
    for (const viewer of this.#viewers) {
      if (viewer.writableLength > MAX_UNREAD_BYTES) viewer.destroy();
      else viewer.write(event);
    }
  }

  #event(): string {
    return `event: status\ndata: ${JSON.stringify(this.#parts.snapshot())}\n\n`;
  }
}
