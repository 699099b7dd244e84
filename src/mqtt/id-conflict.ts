import type { Clock } from '../time/clock.ts';
import type { ConnectionEnd } from './connection.ts';

/** A session this short, again and again, is no weak network: something ends it. */
const SHORT_MS = 10_000;
const MIN_SHORT_SESSIONS = 4;
/** Two clients that both wait leave each other in peace for minutes, so peace has to last longer to be believed. */
const CALM_MS = 600_000;

const TAKEN_OVER = 'another client uses this id';
const SUSPECTED = 'connections end within seconds, again and again: probably another client uses this id';

/** Finds out whether another client connects with this station's id: the broker then ends the older session. */
export class IdConflict {
  readonly #clock: Clock;
  #shortSessions = 0;
  #problem: string | null = null;
  #connectedAtMs: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For a person; `null` while there is no sign of another client. */
  problem(): string | null {
    if (this.#connectedAtMs !== null && this.#clock.monotonicMs() - this.#connectedAtMs >= CALM_MS)
      this.#clear();
    return this.#problem;
  }

  noteConnected(): void {
    this.#connectedAtMs = this.#clock.monotonicMs();
  }

  /** `isOurs`: the connection was dropped by this station. */
  noteEnded(end: ConnectionEnd, isOurs: boolean): void {
    const livedMs = this.#clock.monotonicMs() - (this.#connectedAtMs ?? 0);
    // A session that lasted clears what was suspected before.
    this.problem();
    this.#connectedAtMs = null;
    if (end.kind === 'taken over') this.#problem = TAKEN_OVER;
    const isShort = end.kind === 'broken' && !isOurs && livedMs < SHORT_MS;
    this.#shortSessions = isShort ? this.#shortSessions + 1 : 0;
    if (this.#shortSessions >= MIN_SHORT_SESSIONS) this.#problem ??= SUSPECTED;
  }

  /** The longest wait before the next attempt, ms; `null` while there is no sign of another client. */
  maxWaitMs(): number | null {
    if (this.#problem === null) return null;
    return this.#problem === TAKEN_OVER ? 300_000 : 30_000;
  }

  #clear(): void {
    this.#problem = null;
    this.#shortSessions = 0;
  }
}
