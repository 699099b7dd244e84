import type { Clock } from '../time/clock.ts';

/** What `GET /healthz` and the watchdog go by. */
export type Health = { readonly isHealthy: boolean; readonly reason: string | null };

type ProgressParts = {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** Between two readings. */
  readonly intervalMs: number;
};

/** Readings that may be late before something is wrong: a slow disk, a bus that times out. */
export const LATE_READINGS = 3;
const GRACE_MS = 15_000;

/**
 * When samples were last taken and readings last stored. The cloud has no part in it: a station without
 * a network is a healthy one.
 */
export class Progress {
  readonly #parts: ProgressParts;
  #sampledAtMs: number;
  #hasSampled = false;
  #settledAtMs: number;
  #hasStored = false;
  #storeFault: string | null = null;

  constructor(parts: ProgressParts) {
    this.#parts = parts;
    this.#sampledAtMs = parts.clock.monotonicMs();
    this.#settledAtMs = parts.clock.monotonicMs();
  }

  noteSample(): void {
    this.#sampledAtMs = this.#parts.clock.monotonicMs();
    this.#hasSampled = true;
  }

  noteStored(): void {
    this.#settledAtMs = this.#parts.clock.monotonicMs();
    this.#hasStored = true;
    this.#storeFault = null;
  }

  /** The disk said no: unhealthy, but alive. A restart would not make room. */
  noteUnstored(reason: string): void {
    this.#settledAtMs = this.#parts.clock.monotonicMs();
    this.#storeFault = reason;
  }

  /** Whether sampling has begun. */
  hasSampled(): boolean {
    return this.#hasSampled;
  }

  /** Whether this run has sampled and stored. With a PUBACK for a reading, that proves that release and configuration work. */
  hasMeasured(): boolean {
    return this.#hasSampled && this.#hasStored;
  }

  /** Whether the daemon still works at all; when not, only a restart helps. */
  isAlive(): boolean {
    return this.#stall() === null;
  }

  health(): Health {
    const reason = this.#stall() ?? this.#storeFault;
    return { isHealthy: reason === null, reason };
  }

  #stall(): string | null {
    const nowMs = this.#parts.clock.monotonicMs();
    const allowedMs = LATE_READINGS * this.#parts.intervalMs + GRACE_MS;
    if (nowMs - this.#sampledAtMs > allowedMs) return 'no sample was taken in time';
    if (nowMs - this.#settledAtMs > allowedMs) return 'no reading was stored in time';
    return null;
  }
}
