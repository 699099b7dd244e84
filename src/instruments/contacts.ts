import type { Edge, EdgeLevel, EdgeSource } from '../gpio/lines.ts';
import type { Clock } from '../time/clock.ts';
import type { Contact } from './instrument.ts';
import type { InstrumentHealth, SensorFault } from './instrument-health.ts';

/** Whether an edge is a new closure of the contact; it is bounce otherwise. Times must not go back. */
export type BounceFilter = (atMs: number, level: EdgeLevel) => boolean;

/** A sound contact is open for at least this share of the time from one closure to the next. */
const MIN_OPEN_SHARE = 0.2;

/**
 * Leading-edge lock-out: what follows a counted edge within `lockoutMs` is bounce, of the contact that closes. Unlike a
 * debounce that waits for silence, it loses no pulse at any rate below 1/lockoutMs and delays none. A contact that opens
 * bounces too: a new closure needs the line to have been open for the lock-out as well, or for its share of the time
 * since the last closure where that is less.
 *
 * The kernel reads the level some time after the edge: two edges that follow one another sooner are told as one, with the
 * level before them. A line that opens although it is open was closed in between.
 */
export const createBounceFilter = (lockoutMs: number): BounceFilter => {
  let countedAtMs = Number.NEGATIVE_INFINITY;
  let openedAtMs = Number.NEGATIVE_INFINITY;
  let isOpen = false;
  const isNewClosure = (atMs: number): boolean => {
    const sinceMs = atMs - countedAtMs;
    const leastOpenMs = Math.min(lockoutMs, MIN_OPEN_SHARE * sinceMs);
    if (sinceMs < lockoutMs || atMs - openedAtMs < leastOpenMs) return false;
    countedAtMs = atMs;
    return true;
  };
  return (atMs, level) => {
    const isTold = level === 0 || isOpen;
    const isNew = isTold && isNewClosure(atMs);
    isOpen = level === 1;
    if (isOpen) openedAtMs = atMs;
    return isNew;
  };
};

/** A reading, or a measurement between two of them. */
type MeasurementKind = 'reading' | 'interim';

/** A contact and the health of its instrument. */
type WatchedContact = { readonly contact: Contact; readonly health: InstrumentHealth };

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
  /** What interrupted the watch since the last measurement of each kind. */
  readonly #interruptions: Record<MeasurementKind, SensorFault | null> = { reading: null, interim: null };

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
  endInterval(kind: MeasurementKind): SensorFault | null {
    const fault = this.#interruptions[kind] ?? (this.#isWatched ? null : notYetWatched);
    this.#interruptions[kind] = this.#fault;
    return fault;
  }

  #noteEdge({ line, level, atMs }: Edge): void {
    for (const { contact } of this.#watched) if (contact.gpio === line) contact.noteEdge(atMs, level);
  }

  #noteFault(error: Error | null): void {
    this.#fault = error && { code: 'bus', message: error.message };
    if (this.#fault === null) {
      if (this.#isWatched) this.#beginMeasuring();
      return;
    }
    this.#interruptions.reading = this.#fault;
    this.#interruptions.interim = this.#fault;
    for (const { health } of this.#watched) health.noteFault(this.#fault);
  }

  #beginMeasuring(): void {
    for (const { contact, health } of this.#watched) {
      contact.restart?.(this.#clock.monotonicMs());
      health.noteSuccess();
    }
  }
}
