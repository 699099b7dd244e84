import type { DrainStatus } from './uplink-status.ts';

const WINDOW_MS = 10_000;
/** One live reading at a time is not called draining. */
const LEAST_BACKLOG = 2;

type Delivery = { readonly atMs: number; readonly count: number };

/** How fast waiting readings leave, over the last ten seconds. */
export class DrainProgress {
  #deliveries: Delivery[] = [];
  #startedWith: number | null = null;

  noteDelivered(nowMs: number, count: number, waitingBefore: number): void {
    if (this.#startedWith === null && waitingBefore >= LEAST_BACKLOG) this.#startedWith = waitingBefore;
    if (waitingBefore - count < LEAST_BACKLOG) this.#startedWith = null;
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
