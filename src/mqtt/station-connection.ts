import type { DeviceCredentials } from '../certificate/device-credentials.ts';
import { type KeyPair, readPem } from '../certificate/key-pairs.ts';
import { type ProxyEnvironment, proxyFor, unusableProxy } from '../config/proxy.ts';
import type { GatewayConfig } from '../config/schema.ts';
import type { Clock } from '../time/clock.ts';
import type { Synchronization } from '../time/synchronization.ts';
import { offlineStatus, topicsOf } from '../weather/message.ts';
import { awsConnect } from './aws-connection.ts';
import { provisioningClientId } from './fleet-provisioning.ts';
import {
  type Connect,
  ConnectError,
  type Connection,
  type ConnectionEnd,
  type OnMessage,
  type PublishOptions,
  type PublishResult,
  type SubscribeResult,
} from './publisher.ts';
import { examineTls, type TlsExamination } from './tls-examination.ts';

type StationConnectionParts = {
  readonly config: GatewayConfig;
  readonly proxyEnvironment: ProxyEnvironment;
  readonly synchronization: Pick<Synchronization, 'isSynchronized'>;
  readonly clock: Clock;
};

/** A handshake costs 5 KB: the same failure is looked into this often. */
const EXAMINE_EVERY_MS = 900_000;

/** The connection that the configuration describes, with the will that the broker publishes when it breaks. */
export class StationConnection {
  readonly #parts: StationConnectionParts;
  #explained: { readonly reason: string; readonly atMs: number; readonly text: string } | undefined;

  constructor(parts: StationConnectionParts) {
    this.#parts = parts;
  }

  /** One attempt with one pair. The SDK says little of a handshake that failed, so one more is made to find out why. */
  with(pair: KeyPair): Connect {
    const { aws, station } = this.#parts.config;
    return async (signal) => {
      const connect = awsConnect({
        endpoint: aws.endpoint,
        port: aws.port,
        clientId: station.id,
        certificate: pair.certificate,
        privateKey: pair.privateKey,
        rootCa: await this.#rootCa(),
        keepAliveSeconds: aws.keepAliveSeconds,
        proxy: this.#proxy(),
        will: {
          topic: topicsOf(aws.topicPrefix, station.id).status,
          payload: JSON.stringify(offlineStatus(station.id)),
        },
      });
      try {
        return await connect(signal);
      } catch (error) {
        if (!(error instanceof ConnectError) || error.end.isHandshake !== true || signal.aborted) throw error;
        const reason = await this.#explain(error.end.reason, pair, signal);
        throw new ConnectError({ ...error.end, reason }, { cause: error });
      }
    };
  }

  /** A second connection, under the name that fleet provisioning allows: what goes wrong with it costs no reading. */
  forProvisioning(pair: KeyPair): Connect {
    const { endpoint, port, keepAliveSeconds } = this.#parts.config.aws;
    const { certificate, privateKey } = pair;
    return async (signal) => {
      const connect = awsConnect({
        endpoint,
        port,
        clientId: provisioningClientId(certificate),
        certificate,
        privateKey,
        rootCa: await this.#rootCa(),
        keepAliveSeconds,
        proxy: this.#proxy(),
      });
      return await connect(signal);
    };
  }

  /** A TLS handshake and nothing more, for a person who wants to know. */
  async examine(pair: KeyPair | null, signal: AbortSignal): Promise<TlsExamination> {
    const { config, proxyEnvironment, synchronization } = this.#parts;
    const { endpoint, proxy } = config.aws;
    const found = await examineTls({
      endpoint,
      port: config.aws.port,
      rootCa: await this.#rootCa(),
      pair,
      proxy: this.#proxy(),
      isClockSure: await synchronization.isSynchronized(),
      signal,
    });
    const unusable = unusableProxy(endpoint, proxy, proxyEnvironment);
    return unusable === null ? found : { ...found, text: `${found.text}; ${unusable}` };
  }

  async #explain(reason: string, pair: KeyPair, signal: AbortSignal): Promise<string> {
    const nowMs = this.#parts.clock.monotonicMs();
    const known = this.#explained;
    if (known?.reason === reason && nowMs - known.atMs < EXAMINE_EVERY_MS) return known.text;
    const { isGood, text } = await this.examine(pair, signal).catch(() => ({ isGood: true, text: '' }));
    const explained = { reason, atMs: nowMs, text: isGood ? reason : text };
    this.#explained = explained;
    return explained.text;
  }

  #proxy() {
    const { config, proxyEnvironment } = this.#parts;
    return proxyFor(config.aws.endpoint, config.aws.proxy, proxyEnvironment);
  }

  /** Read at each attempt, so that it can be replaced. */
  async #rootCa(): Promise<string | undefined> {
    const { rootCa } = this.#parts.config.aws;
    if (rootCa === undefined) return undefined;
    return await readPem(rootCa).catch((cause: Error) => {
      throw new ConnectError(
        { kind: 'refused', reason: `aws.rootCa cannot be read: ${cause.message}` },
        { cause },
      );
    });
  }
}

type CredentialedConnectParts = {
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
