import type { LinkState, Publisher } from '../mqtt/publisher.ts';
import type { Clock } from '../time/clock.ts';
import type { LaneRefusal } from './lane-retry.ts';

type LinkStatus = LinkState & {
  readonly sinceSeconds: number;
  readonly reconnects: number;
  /** What hinders the link although it may be up; `null` when nothing does. */
  readonly problem: string | null;
};

type DrainStatus = {
  readonly readingsPerSecond: number;
  /** Until nothing waits; `null` when it does not drain. */
  readonly secondsLeft: number | null;
  /** Readings that waited when the draining began, the measure of its progress; `null` when it does not drain. */
  readonly startedWith: number | null;
};

export type UplinkStatus = {
  readonly link: LinkStatus;
  readonly drain: DrainStatus;
  /** Readings published again because no answer came, since start: the cloud may have them twice. */
  readonly possibleDuplicates: number;
  /** Lanes whose messages the broker refuses. */
  readonly refusedLanes: readonly LaneRefusal[];
};

const WINDOW_MS = 10_000;
/** One live reading at a time is not called draining. */
const MIN_BACKLOG = 2;

type Delivery = { readonly atMs: number; readonly count: number };

/** How fast waiting readings leave, over the last ten seconds. */
export class DrainProgress {
  #deliveries: Delivery[] = [];
  #startedWith: number | null = null;

  noteDelivered(nowMs: number, count: number, waitingBefore: number): void {
    if (this.#startedWith === null && waitingBefore >= MIN_BACKLOG) this.#startedWith = waitingBefore;
    if (waitingBefore - count < MIN_BACKLOG) this.#startedWith = null;
    this.#deliveries = [...this.#recent(nowMs), { atMs: nowMs, count }];
  }

  /** The link is gone: what drains later is another draining. */
  noteInterrupted(): void {
    this.#startedWith = null;
    this.#deliveries = [];
  }

  status(nowMs: number, waiting: number): DrainStatus {
    const recent = this.#recent(nowMs);
    const first = recent[0];
    const count = recent.reduce((sum, delivery) => sum + delivery.count, 0);
    const spanMs = first === undefined ? 0 : Math.max(1_000, nowMs - first.atMs);
    const readingsPerSecond = spanMs === 0 ? 0 : (count / spanMs) * 1_000;
    const isDraining = this.#startedWith !== null && readingsPerSecond > 0;
    return {
      readingsPerSecond,
      secondsLeft: isDraining ? waiting / readingsPerSecond : null,
      startedWith: isDraining ? this.#startedWith : null,
    };
  }

  #recent(nowMs: number): Delivery[] {
    return this.#deliveries.filter(({ atMs }) => nowMs - atMs < WINDOW_MS);
  }
}

/** Since when the link is as it is, and how often it came back. */
export class LinkHistory {
  readonly #clock: Clock;
  #link: LinkState;
  #sinceMs: number;
  #connections = 0;
  /** Why there is no connection, once one was tried. */
  #failure: string | null = null;

  constructor(clock: Clock, link: LinkState) {
    this.#clock = clock;
    this.#link = link;
    this.#sinceMs = clock.monotonicMs();
  }

  isConnecting(): boolean {
    return this.#link.state === 'connecting';
  }

  note(link: LinkState): void {
    // A station that tries in vain is disconnected all the while.
    const wasUp = this.#link.state === 'connected';
    if (wasUp !== (link.state === 'connected')) this.#sinceMs = this.#clock.monotonicMs();
    if (!wasUp && link.state === 'connected') this.#connections += 1;
    if (link.state === 'connected') this.#failure = null;
    else if (link.state === 'disconnected' && this.#link.state !== 'disconnected')
      this.#failure = link.reason;
    // An attempt may take half a minute, and whoever looks meanwhile wants to know.
    const failure = this.#failure;
    this.#link = link.state === 'connecting' && failure !== null ? { ...link, reason: failure } : link;
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
