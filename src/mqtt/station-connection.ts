import { readFile } from 'node:fs/promises';
import type { KeyPair } from '../certificate/key-pairs.ts';
import { type ProxyEnvironment, proxyFor, unusableProxy } from '../config/proxy.ts';
import type { GatewayConfig } from '../config/schema.ts';
import type { Clock } from '../time/clock.ts';
import type { Synchronization } from '../time/synchronization.ts';
import { type StatusMessage, topicsOf } from '../weather/message.ts';
import { awsConnect } from './aws-connection.ts';
import { type Connect, ConnectError } from './connection.ts';
import { provisioningClientId } from './fleet-provisioning.ts';
import { examineTls, type TlsExamination } from './tls-examination.ts';

export type StationConnectionParts = {
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
      const will: StatusMessage = { deviceid: station.id, state: 'offline' };
      const connect = awsConnect({
        endpoint: aws.endpoint,
        port: aws.port,
        clientId: station.id,
        certificate: pair.certificate,
        privateKey: pair.privateKey,
        rootCa: await this.#rootCa(),
        keepAliveSeconds: aws.keepAliveSeconds,
        proxy: this.#proxy(),
        will: { topic: topicsOf(aws.topicPrefix, station.id).status, payload: JSON.stringify(will) },
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
    return await readFile(rootCa, 'utf8').catch((cause: Error) => {
      throw new ConnectError(
        { kind: 'refused', reason: `aws.rootCa cannot be read: ${cause.message}` },
        { cause },
      );
    });
  }
}
