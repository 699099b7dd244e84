import type { Edge, EdgeSource } from '../gpio/edge-source.ts';
import type { Clock } from '../time/clock.ts';
import type { Contact } from './instrument.ts';
import type { InstrumentHealth } from './instrument-health.ts';
import type { SensorFault } from './sensor-error.ts';

/** Whether an edge at this moment begins a closure of the contact, or is its bounce. Times must not go back. */
export type BounceFilter = (atMs: number) => boolean;

/**
 * Leading-edge lock-out: what follows a counted edge within `lockoutMs` is bounce. Unlike a debounce that waits for
 * silence, it loses no pulse at any rate below 1/lockoutMs and delays none.
 */
export const createBounceFilter = (lockoutMs: number): BounceFilter => {
  let countedAtMs = Number.NEGATIVE_INFINITY;
  return (atMs) => {
    if (atMs - countedAtMs < lockoutMs) return false;
    countedAtMs = atMs;
    return true;
  };
};

/** A contact and the health of its instrument. */
export type WatchedContact = { readonly contact: Contact; readonly health: InstrumentHealth };

const notYetWatched: SensorFault = { code: 'not-ready', message: 'the line is not watched yet' };

/**
 * Hands the edges to the instruments that count them, and knows whether the lines were watched throughout an interval.
 * How such an instrument is doing follows from its line alone.
 */
export class Contacts {
  readonly #edgeSource: EdgeSource;
  readonly #clock: Clock;
  readonly #watched: readonly WatchedContact[];
  #isWatched = false;
  /** What keeps the lines from being watched now. */
  #fault: SensorFault | null = null;
  /** What interrupted the watch in this interval. */
  #interruption: SensorFault | null = null;

  constructor(edgeSource: EdgeSource, clock: Clock, watched: readonly WatchedContact[]) {
    this.#edgeSource = edgeSource;
    this.#clock = clock;
    this.#watched = watched;
  }

  /** Resolves once every line is watched; waits for it without end. */
  async watch(): Promise<void> {
    if (this.#watched.length === 0) return;
    await this.#edgeSource.watch(
      this.#watched.map(({ contact }) => contact.gpio),
      (edge) => this.#noteEdge(edge),
      (fault) => this.#noteFault(fault),
    );
    this.#isWatched = true;
    this.#beginMeasuring();
  }

  /** Ends the interval. Returns why its counts are no measurement; `null` when they are one. */
  endInterval(): SensorFault | null {
    const fault = this.#interruption ?? (this.#isWatched ? null : notYetWatched);
    this.#interruption = this.#fault;
    return fault;
  }

  #noteEdge({ line, atMs }: Edge): void {
    for (const { contact } of this.#watched) if (contact.gpio === line) contact.noteEdge(atMs);
  }

  #noteFault(error: Error | null): void {
    this.#fault = error && { code: 'bus', message: error.message };
    if (this.#fault === null) {
      if (this.#isWatched) this.#beginMeasuring();
      return;
    }
    this.#interruption = this.#fault;
    for (const { health } of this.#watched) health.noteFault(this.#fault);
  }

  #beginMeasuring(): void {
    for (const { contact, health } of this.#watched) {
      contact.restart?.(this.#clock.monotonicMs());
      health.noteSuccess();
    }
  }
}
