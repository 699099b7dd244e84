import type { Clock } from '../time/clock.ts';
import type { ConnectionEnd } from './publisher.ts';

/** Sessions this short, one after the other, with no failed attempt between them: the network is there. */
const SHORT_MS = 10_000;
const MIN_SHORT_SESSIONS = 5;

const TAKEN_OVER = 'another client uses this id';
const SUSPECTED = 'connections end within seconds, again and again: probably another client uses this id';

/** Two clients that both wait leave each other in peace meanwhile, so peace has to last longer to be believed. */
const CALM_MS = { [TAKEN_OVER]: 600_000, [SUSPECTED]: 60_000 } as const;
const MAX_WAIT_MS = { [TAKEN_OVER]: 300_000, [SUSPECTED]: 30_000 } as const;

/**
 * Finds out whether another client connects with this station's id. The broker then ends the older session, with
 * reason code 0x8E or, as mosquitto 2.0 does, without a word.
 */
export class IdConflict {
  readonly #clock: Clock;
  #shortSessions = 0;
  #problem: typeof TAKEN_OVER | typeof SUSPECTED | null = null;
  #connectedAtMs: number | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** For a person; `null` while there is no sign of another client. */
  problem(): string | null {
    const livedMs = this.#connectedAtMs === null ? 0 : this.#clock.monotonicMs() - this.#connectedAtMs;
    if (this.#problem !== null && livedMs >= CALM_MS[this.#problem]) this.#clear();
    return this.#problem;
  }

  /** The longest wait before the next attempt, ms; `null` while there is no sign of another client. */
  maxWaitMs(): number | null {
    return this.#problem === null ? null : MAX_WAIT_MS[this.#problem];
  }

  noteConnected(): void {
    this.#connectedAtMs = this.#clock.monotonicMs();
  }

  /** Whatever prevents a connection may have ended the ones before. */
  noteAttemptFailed(): void {
    if (this.#problem !== TAKEN_OVER) this.#clear();
  }

  /** `isOurs`: the connection was dropped by this station, or because of what it published. */
  noteEnded(end: ConnectionEnd, isOurs: boolean): void {
    // A session that lasted clears what was suspected before.
    this.problem();
    const livedMs = this.#clock.monotonicMs() - (this.#connectedAtMs ?? 0);
    this.#connectedAtMs = null;
    if (end.kind === 'taken over') this.#problem = TAKEN_OVER;
    const isShort = end.kind === 'broken' && !isOurs && livedMs < SHORT_MS;
    this.#shortSessions = isShort ? this.#shortSessions + 1 : 0;
    if (this.#shortSessions >= MIN_SHORT_SESSIONS) this.#problem ??= SUSPECTED;
  }

  #clear(): void {
    this.#problem = null;
    this.#shortSessions = 0;
  }
}
