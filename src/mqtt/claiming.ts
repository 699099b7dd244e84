import { type ClaimProgress, type Registration, resumeProgress } from '../certificate/claim-folder.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { isForbidden, type Refusal, Registering } from './fleet-provisioning.ts';
import { type Connect, ConnectError } from './publisher.ts';

type ClaimingParts = {
  /** Of the board. */
  readonly serial: string;
  readonly progressFile: string;
  /** With the claim. */
  readonly connect: Connect;
  /** Where that leads; the station's own endpoint unless the cloud names another. */
  readonly endpoint: string;
  readonly template: string;
  readonly clock: Clock;
  /** As `Math.random`. */
  readonly random: () => number;
  /** One line for a person, when something changes. */
  readonly say: (line: string) => void;
};

/** No network: asking again costs next to nothing. */
const UNREACHABLE_CAP_MS = 600_000;
/** A TLS handshake of 5 KB each time. */
const REFUSED_CAP_MS = 3_600_000;
/** Boxes may hang on their masts for weeks before somebody lists them. */
const REJECTED_CAP_MS = 4 * 3_600_000;
const CONNECT_BASE_MS = 5_000;
const REJECTED_BASE_MS = 60_000;

/** Why a card is not registered yet, and when it asks again. */
type Setback = { readonly reason: string; readonly waitMs: number };
type Outcome = { readonly registration: Registration } | Setback;

/**
 * Makes a station of a card that nobody comes near: gets a certificate for a key of its own, registers it by the serial
 * number of the board, and asks at growing intervals while it is refused. It continues after a power cut at any moment.
 */
export class Claiming {
  readonly #parts: ClaimingParts;
  readonly #registering: Registering;
  readonly #unconnected: Backoff;
  readonly #rejected: Backoff;
  #said: string | undefined;

  constructor(parts: ClaimingParts) {
    this.#parts = parts;
    const { random, serial, progressFile, template, endpoint, clock } = parts;
    const parameters = { SerialNumber: serial };
    this.#registering = new Registering({ progressFile, template, parameters, endpoint, clock });
    this.#unconnected = new Backoff({ baseMs: CONNECT_BASE_MS, random });
    this.#rejected = new Backoff({ baseMs: REJECTED_BASE_MS, random });
  }

  /** Resolves once the card is registered, which is then on the disk. Rejects when the signal aborts. */
  async run(signal: AbortSignal): Promise<ClaimProgress & { readonly registration: Registration }> {
    const { progressFile, serial, clock } = this.#parts;
    for (;;) {
      const progress = await resumeProgress(progressFile, serial);
      const { registration } = progress;
      if (registration !== undefined) return { ...progress, registration };
      const outcome = await this.#attempt(progress, signal);
      signal.throwIfAborted();
      if ('registration' in outcome) continue;
      this.#say(outcome.reason);
      await clock.sleep(outcome.waitMs, signal);
    }
  }

  async #attempt(progress: ClaimProgress, signal: AbortSignal): Promise<Outcome> {
    try {
      const connection = await this.#parts.connect(signal);
      try {
        const outcome = await this.#registering.attempt(connection, progress, signal);
        return 'stationId' in outcome ? { registration: outcome } : this.#setback(outcome);
      } finally {
        await connection.close();
      }
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      const { kind, reason } = error.end;
      const capMs = kind === 'unreachable' ? UNREACHABLE_CAP_MS : REFUSED_CAP_MS;
      return { reason: `no connection with the claim: ${reason}`, waitMs: this.#unconnected.nextMs(capMs) };
    }
  }

  #setback(answer: Refusal): Setback {
    const { serial } = this.#parts;
    if (answer.kind === 'failed')
      return { reason: answer.reason, waitMs: this.#unconnected.nextMs(REFUSED_CAP_MS) };
    this.#unconnected.reset();
    const reason = isForbidden(answer)
      ? `board ${serial} is not let in: npm run cloud:enroll -- --list ID --serial ${serial} --station NAME lists it`
      : `board ${serial} cannot be registered: ${answer.reason}`;
    return { reason, waitMs: this.#rejected.nextMs(REJECTED_CAP_MS) };
  }

  /** Once, and not at each repetition. */
  #say(reason: string): void {
    if (reason !== this.#said) this.#parts.say(`${reason}; it asks again, at growing intervals`);
    this.#said = reason;
  }
}
