import type { DeviceCredentials } from '../certificate/device-credentials.ts';
import type { KeyPair } from '../certificate/key-pairs.ts';
import type { Clock } from '../time/clock.ts';
import { type Connect, ConnectError, type Connection, type ConnectionEnd } from './connection.ts';
import type { OnMessage, PublishOptions, PublishResult, SubscribeResult } from './publisher.ts';

export type CredentialedConnectParts = {
  readonly credentials: DeviceCredentials;
  readonly connectWith: (pair: KeyPair) => Connect;
  readonly clock: Clock;
};

/** The status is published at once on each connection, so a pair that works has a PUBACK within seconds. */
const TRIAL_MS = 60_000;
const LOOK_EVERY_MS = 60_000;

/** A connection made with one pair: tells whether the pair works, and ends when a better one is there. */
class CredentialedConnection implements Connection {
  readonly ended: Promise<ConnectionEnd>;
  readonly #parts: CredentialedConnectParts;
  readonly #connection: Connection;
  readonly #pair: KeyPair;
  readonly #over = new AbortController();
  #hasWorked = false;

  constructor(parts: CredentialedConnectParts, connection: Connection, pair: KeyPair, isTrial: boolean) {
    this.#parts = parts;
    this.#connection = connection;
    this.#pair = pair;
    this.ended = this.#end(isTrial);
  }

  async publish(topic: string, payload: string, options?: PublishOptions): Promise<PublishResult> {
    const result = await this.#connection.publish(topic, payload, options);
    if (result.kind === 'acknowledged' && !this.#hasWorked) {
      this.#hasWorked = true;
      await this.#parts.credentials.noteWorked(this.#pair);
    }
    return result;
  }

  subscribe(filters: readonly string[], onMessage: OnMessage): Promise<SubscribeResult> {
    return this.#connection.subscribe(filters, onMessage);
  }

  close(): Promise<void> {
    this.#over.abort();
    return this.#connection.close();
  }

  async #end(isTrial: boolean): Promise<ConnectionEnd> {
    const lost = this.#connection.ended.then((end) => ({ end, isOurs: this.#over.signal.aborted }));
    const { end, isOurs } = await Promise.race([
      lost,
      ...(isTrial ? [this.#noPuback()] : []),
      this.#betterPair(),
    ]);
    this.#over.abort();
    if (isTrial && !this.#hasWorked && !isOurs) this.#parts.credentials.noteRefused(this.#pair, end.reason);
    return end;
  }

  async #noPuback() {
    await this.#sleep(TRIAL_MS);
    while (this.#hasWorked) await this.#sleep(TRIAL_MS);
    const reason = `nothing is acknowledged within ${TRIAL_MS / 1_000} s of connecting with this certificate`;
    return { end: { kind: 'broken', reason } as const, isOurs: false };
  }

  async #betterPair() {
    for (;;) {
      await this.#sleep(LOOK_EVERY_MS);
      const { pair } = await this.#parts.credentials.preview();
      if (pair !== null && pair.fingerprint !== this.#pair.fingerprint) {
        const reason = `another certificate is tried: ${pair.certificateFile}`;
        return { end: { kind: 'broken', reason } as const, isOurs: true };
      }
    }
  }

  /** Never resolves once the connection is over. */
  async #sleep(ms: number): Promise<void> {
    await this.#parts.clock.sleep(ms, this.#over.signal).catch(() => new Promise(() => undefined));
  }
}

/** Connects with the pair that the credentials choose, and tells them what became of it. */
export const connectWithCredentials =
  (parts: CredentialedConnectParts): Connect =>
  async (signal) => {
    const { credentials, connectWith } = parts;
    const { pair, isTrial, problems } = await credentials.choose();
    if (pair === null) throw new ConnectError({ kind: 'refused', reason: problems.join('; ') });
    try {
      return new CredentialedConnection(parts, await connectWith(pair)(signal), pair, isTrial);
    } catch (error) {
      if (error instanceof ConnectError && error.end.kind === 'refused')
        credentials.noteRefused(pair, error.end.reason);
      throw error;
    }
  };
