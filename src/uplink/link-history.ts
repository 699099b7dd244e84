import type { LinkState, Publisher } from '../mqtt/publisher.ts';
import type { Clock } from '../time/clock.ts';
import type { LinkStatus } from './uplink-status.ts';

/** Since when the link is as it is, and how often it came back. */
export class LinkHistory {
  readonly #clock: Clock;
  #link: LinkState;
  #sinceMs: number;
  #connections = 0;

  constructor(clock: Clock, link: LinkState) {
    this.#clock = clock;
    this.#link = link;
    this.#sinceMs = clock.monotonicMs();
  }

  note(link: LinkState): void {
    // A station that tries in vain is disconnected all the while.
    const wasUp = this.#link.state === 'connected';
    if (wasUp !== (link.state === 'connected')) this.#sinceMs = this.#clock.monotonicMs();
    if (!wasUp && link.state === 'connected') this.#connections += 1;
    this.#link = link;
  }

  status(publisher: Pick<Publisher, 'problem'>): LinkStatus {
    const sinceSeconds = (this.#clock.monotonicMs() - this.#sinceMs) / 1_000;
    return {
      ...this.#link,
      sinceSeconds,
      reconnects: Math.max(0, this.#connections - 1),
      problem: publisher.problem(),
    };
  }
}
