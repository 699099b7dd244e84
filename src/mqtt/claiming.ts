import {
  type ClaimProgress,
  type Registration,
  resumeProgress,
  saveProgress,
} from '../certificate/claim-folder.ts';
import { keyPairOf } from '../certificate/key-pairs.ts';
import { gatewaySchema } from '../config/schema.ts';
import { Backoff } from '../time/backoff.ts';
import type { Clock } from '../time/clock.ts';
import { type Connect, ConnectError } from './connection.ts';
import { FleetProvisioning, type ProvisioningAnswer, type Registered } from './fleet-provisioning.ts';

export type ClaimingParts = {
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
const FORBIDDEN = 403;

/** Why a card is not registered yet, and when it asks again. */
type Setback = { readonly reason: string; readonly waitMs: number };
type Outcome = { readonly registration: Registration } | Setback;

const { station, aws } = gatewaySchema.shape;

/** What the template of the stack sends back; what of it cannot be used is left out. */
const registrationOf = ({ thingName, deviceConfiguration }: Registered, endpoint: string): Registration => {
  const text = (name: string): unknown => deviceConfiguration[name];
  const topicPrefix = aws.shape.topicPrefix.unwrap().safeParse(text('topicPrefix')).data;
  return {
    stationId: thingName,
    name: station.shape.name.safeParse(text('name')).data ?? thingName,
    endpoint: aws.shape.endpoint.safeParse(text('endpoint')).data ?? endpoint,
    ...(topicPrefix === undefined ? {} : { topicPrefix }),
  };
};

/**
 * Makes a station of a card that nobody comes near: gets a certificate for a key of its own, registers it by the serial
 * number of the board, and asks ever more rarely while it is refused. A power cut at any moment is gone on from.
 */
export class Claiming {
  readonly #parts: ClaimingParts;
  readonly #unconnected: Backoff;
  readonly #rejected: Backoff;
  #said: string | undefined;
  /** The certificate whose token this process was given just now. */
  #freshCertificate: string | undefined;

  constructor(parts: ClaimingParts) {
    this.#parts = parts;
    const { random } = parts;
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
    const { connect, template, clock } = this.#parts;
    try {
      const connection = await connect(signal);
      try {
        return await this.#register(new FleetProvisioning({ connection, template, clock }), progress, signal);
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

  async #register(
    provisioning: FleetProvisioning,
    progress: ClaimProgress,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { issued } = progress;
    if (issued !== undefined) {
      const answer = await provisioning.register(issued.token, this.#parameters(), signal);
      const isTokenGood = issued.certificate === this.#freshCertificate && isRefusal(answer);
      if (answer.kind !== 'rejected' || isTokenGood) return await this.#take(answer, progress);
      // The token is an hour old, or was used when the answer was lost. The hook knows the key.
    }
    const made = await provisioning.createCertificate(progress.signingRequest, signal);
    if (made.kind !== 'accepted') return this.#setback(made);
    const { certificatePem: certificate, certificateOwnershipToken: token } = made.value;
    if (keyPairOf(certificate, progress.privateKey, '') === null)
      return this.#setback({ kind: 'failed', reason: 'a certificate for another key came back' });
    const next = { ...progress, issued: { certificate, token } };
    await saveProgress(this.#parts.progressFile, next);
    this.#freshCertificate = certificate;
    return await this.#take(await provisioning.register(token, this.#parameters(), signal), next);
  }

  #parameters(): Readonly<Record<string, string>> {
    return { SerialNumber: this.#parts.serial };
  }

  async #take(answer: ProvisioningAnswer<Registered>, progress: ClaimProgress): Promise<Outcome> {
    if (answer.kind !== 'accepted') return this.#setback(answer);
    const registration = registrationOf(answer.value, this.#parts.endpoint);
    await saveProgress(this.#parts.progressFile, { ...progress, registration });
    return { registration };
  }

  #setback(answer: Exclude<ProvisioningAnswer<unknown>, { kind: 'accepted' }>): Setback {
    const { serial } = this.#parts;
    if (answer.kind === 'failed')
      return { reason: answer.reason, waitMs: this.#unconnected.nextMs(REFUSED_CAP_MS) };
    this.#unconnected.reset();
    const reason = isRefusal(answer)
      ? `board ${serial} is not let in: npm run cloud:enroll -- --list ID --serial ${serial} --station NAME lists it`
      : `board ${serial} cannot be registered: ${answer.reason}`;
    return { reason, waitMs: this.#rejected.nextMs(REJECTED_CAP_MS) };
  }

  /** Once, and not at each repetition. */
  #say(reason: string): void {
    if (reason !== this.#said) this.#parts.say(`${reason}; it asks again, ever more rarely`);
    this.#said = reason;
  }
}

const isRefusal = (answer: ProvisioningAnswer<unknown>): boolean =>
  answer.kind === 'rejected' && answer.statusCode === FORBIDDEN;
