import type { ServerResponse } from 'node:http';
import type { Clock } from '../time/clock.ts';
import { pause, Wake } from '../time/loops.ts';

type EventFeedParts = {
  readonly clock: Clock;
  /** What a viewer is sent, as JSON; asked only while somebody looks. */
  readonly snapshot: () => unknown;
  readonly periodMs: number;
  readonly maxViewers: number;
};

/** A viewer that takes nothing for so long has gone to sleep; it reconnects by itself when it wakes. */
const WRITE_DEADLINE_MS = 10_000;
/** When all places are taken, whoever has looked for so long makes way, and comes back by itself. */
const MAKES_WAY_MS = 60_000;
/** While nobody looks there is nothing to do. */
const IDLE_MS = 3_600_000;

type Viewer = { readonly sinceMs: number; tookAtMs: number };

/** Server-sent events: the whole state at each turn, so that a viewer who missed some needs no replay. */
export class EventFeed {
  readonly #parts: EventFeedParts;
  /** In the order in which they came. */
  readonly #viewers = new Map<ServerResponse, Viewer>();
  /** Somebody came. */
  readonly #wake: Wake;

  constructor(parts: EventFeedParts) {
    this.#parts = parts;
    this.#wake = new Wake(parts.clock);
  }

  /**
   * Whether there is a place for one more. What waits in the network's buffers is not seen from here, so a viewer that
   * reads nothing looks like any other; the longest there makes way.
   */
  hasPlace(): boolean {
    if (this.#viewers.size < this.#parts.maxViewers) return true;
    const [longest] = this.#viewers;
    if (longest === undefined) return true;
    const [response, { sinceMs }] = longest;
    if (this.#parts.clock.monotonicMs() - sinceMs < MAKES_WAY_MS) return false;
    this.#viewers.delete(response);
    response.destroy();
    return true;
  }

  /** Sends the first event at once. The response's head must be written already. */
  add(response: ServerResponse): void {
    const nowMs = this.#parts.clock.monotonicMs();
    this.#viewers.set(response, { sinceMs: nowMs, tookAtMs: nowMs });
    response.once('close', () => this.#viewers.delete(response));
    response.write(`retry: ${this.#parts.periodMs}\n${this.#event()}`);
    this.#wake.call();
  }

  /** Until the signal aborts; then every viewer is sent away. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, periodMs } = this.#parts;
    while (!signal.aborted) {
      if (this.#viewers.size === 0) await this.#wake.wait(IDLE_MS, signal);
      else {
        await pause(clock, periodMs, signal);
        this.#send();
      }
    }
    for (const response of this.#viewers.keys()) response.end();
  }

  #send(): void {
    if (this.#viewers.size === 0) return;
    const nowMs = this.#parts.clock.monotonicMs();
    const event = this.#event();
    for (const [response, viewer] of this.#viewers) {
      if (response.writableLength === 0) {
        viewer.tookAtMs = nowMs;
        response.write(event);
      } else if (nowMs - viewer.tookAtMs >= WRITE_DEADLINE_MS) response.destroy();
    }
  }

  #event(): string {
    return `event: status\ndata: ${JSON.stringify(this.#parts.snapshot())}\n\n`;
  }
}
