import { once } from 'node:events';
import sdk from 'aws-iot-device-sdk-v2';
import type { HttpProxy } from '../config/proxy.ts';
import { InboundRelay } from './inbound-relay.ts';
import { failureOf, farewellOf, lossOf, reasonCodeText } from './link-reason.ts';
import {
  type Connect,
  ConnectError,
  type Connection,
  type ConnectionEnd,
  matchesFilter,
  type OnMessage,
  type PublishOptions,
  type PublishResult,
  type SubscribeResult,
} from './publisher.ts';

/** PUBACK and DISCONNECT reason codes that are about the payload or its topic, and will be the same tomorrow. */
const permanentReasonCodes: ReadonlySet<number> = new Set([
  0x90, // topic name invalid
  0x95, // packet too large
  0x99, // payload format invalid
]);

const PACKET_TOO_LARGE = 0x95;

/** From 0x80 on a reason code says no (MQTT 5, 2.4). */
const isRefusal = (reasonCode: number): boolean => reasonCode >= 0x80;

const refused = (reasonCode: number): PublishResult => ({
  kind: 'refused',
  reasonCode,
  reason: reasonCodeText(reasonCode),
  isPermanent: permanentReasonCodes.has(reasonCode),
});

type Settle = (result: PublishResult) => void;

/** The publishes of one connection that wait for their PUBACK; each is settled exactly once. */
class InFlight {
  readonly #settles = new Set<Settle>();
  /** Several were in flight since there was none. */
  #areSeveral = false;

  /** `acknowledgement` resolves with the reason code of the PUBACK. */
  track(acknowledgement: Promise<number>): Promise<PublishResult> {
    return new Promise((resolve) => {
      const settle: Settle = (result) => {
        if (this.#settles.delete(settle)) resolve(result);
      };
      this.#areSeveral = this.#settles.size > 0;
      this.#settles.add(settle);
      acknowledgement.then(
        (reasonCode) => settle(isRefusal(reasonCode) ? refused(reasonCode) : { kind: 'acknowledged' }),
        (error: Error) =>
          settle(
            // The client holds a packet against the size that the broker announced, and does not send it.
            error.message.includes('PACKET_VALIDATION')
              ? refused(PACKET_TOO_LARGE)
              : { kind: 'unacknowledged', reason: error.message },
          ),
      );
    });
  }

  /** The connection has ended. A farewell about a payload means the one that was in flight, if it was alone. */
  settleAll(reason: string, farewell = 0): void {
    const isAboutPayload = permanentReasonCodes.has(farewell) && !this.#areSeveral;
    const result = isAboutPayload ? refused(farewell) : ({ kind: 'unacknowledged', reason } as const);
    for (const settle of [...this.#settles]) settle(result);
  }
}

// The package is CommonJS whose names Node cannot see.
const { http, io, mqtt5 } = sdk;

export type AwsConnectionParts = {
  readonly endpoint: string;
  readonly port: number;
  readonly clientId: string;
  /** PEM; it was issued for `privateKey`. */
  readonly certificate: string;
  /** PEM. */
  readonly privateKey: string;
  /** PEM of the authorities to trust; those of the system without it. */
  readonly rootCa?: string | undefined;
  /** What the broker publishes, retained, once this client is gone. */
  readonly will?: { readonly topic: string; readonly payload: string };
  /** 60 s without it. */
  readonly keepAliveSeconds?: number;
  /** Reached by CONNECT. */
  readonly proxy?: HttpProxy | undefined;
  /** `iot-core` keeps to 100 publishes/s and 512 KB/s, AWS's limits for one connection. */
  readonly flowControl?: 'iot-core' | 'none';
};

/** Of the connection to the relay, on the loopback interface. */
const CONNECT_TIMEOUT_MS = 10_000;
const CONNACK_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_SECONDS = 60;
/** A ping waits behind a batch on a slow link; stalls are found by the uplink much earlier. */
const PING_TIMEOUT_MS = 45_000;
/** The SDK refuses a ping timeout that is not shorter than the keep-alive. */
const PING_TIMEOUT_SHARE = 0.75;
/** The largest message a station is sent: a job document of 32 KB with what surrounds it. */
const MAX_PACKET_BYTES = 65_536;
/** What AWS IoT Core expects of a client with a certificate on port 443; other brokers ignore it. */
const ALPN = 'x-amzn-mqtt-ca';

/** A client is closed long before it would connect a second time. */
const NEVER_BY_ITSELF_MS = 600_000;

const tlsContext = ({ certificate, privateKey, rootCa }: AwsConnectionParts) => {
  const options = io.TlsContextOptions.create_client_with_mtls(certificate, privateKey);
  options.min_tls_version = io.TlsVersion.TLSv1_2;
  options.alpn_list = [ALPN];
  if (rootCa !== undefined) options.override_default_trust_store(rootCa);
  return new io.ClientTlsContext(options);
};

/** The relay, as the proxy that the SDK knows; a real one stands behind it. */
const proxyOptions = (relayPort: number, proxy: HttpProxy | undefined) => {
  const { HttpProxyOptions, HttpProxyAuthenticationType, HttpProxyConnectionType } = http;
  const isBasic = proxy?.user !== undefined;
  return new HttpProxyOptions(
    '127.0.0.1',
    relayPort,
    isBasic ? HttpProxyAuthenticationType.Basic : HttpProxyAuthenticationType.None,
    proxy?.user,
    isBasic ? (proxy.password ?? '') : undefined,
    undefined,
    HttpProxyConnectionType.Tunneling,
  );
};

const willPacket = ({ topic, payload }: { readonly topic: string; readonly payload: string }) => ({
  topicName: topic,
  payload,
  qos: mqtt5.QoS.AtLeastOnce,
  retain: true,
});

/** Without the SDK's builder, which cannot refuse TLS 1.0 and 1.1. */
const createClient = (parts: AwsConnectionParts, relayPort: number) => {
  const { ClientExtendedValidationAndFlowControl: FlowControl } = mqtt5;
  const keepAliveSeconds = parts.keepAliveSeconds ?? KEEP_ALIVE_SECONDS;
  return new mqtt5.Mqtt5Client({
    hostName: parts.endpoint,
    port: parts.port,
    tlsCtx: tlsContext(parts),
    connectProperties: {
      clientId: parts.clientId,
      keepAliveIntervalSeconds: keepAliveSeconds,
      maximumPacketSizeBytes: MAX_PACKET_BYTES,
      ...(parts.will && { will: willPacket(parts.will) }),
    },
    sessionBehavior: mqtt5.ClientSessionBehavior.Clean,
    offlineQueueBehavior: mqtt5.ClientOperationQueueBehavior.FailAllOnDisconnect,
    retryJitterMode: mqtt5.RetryJitterType.None,
    minReconnectDelayMs: NEVER_BY_ITSELF_MS,
    maxReconnectDelayMs: NEVER_BY_ITSELF_MS,
    socketOptions: new io.SocketOptions(io.SocketType.STREAM, io.SocketDomain.IPV6, CONNECT_TIMEOUT_MS),
    connackTimeoutMs: CONNACK_TIMEOUT_MS,
    pingTimeoutMs: Math.min(PING_TIMEOUT_MS, keepAliveSeconds * 1_000 * PING_TIMEOUT_SHARE),
    extendedValidationAndFlowControlOptions:
      parts.flowControl === 'none' ? FlowControl.None : FlowControl.AwsIotCoreDefaults,
    // Saves 60 bytes of each CONNECT, and a user name that brokers with access lists would look up.
    disableMetrics: true,
    httpProxyOptions: proxyOptions(relayPort, parts.proxy),
  });
};

type Client = ReturnType<typeof createClient>;

/** Only a client that is stopped may be closed, and one that is not closed leaks. */
const dispose = async (client: Client, relay: InboundRelay, withWill: boolean): Promise<void> => {
  const stopped = once(client, mqtt5.Mqtt5Client.STOPPED);
  client.stop(withWill ? { reasonCode: mqtt5.DisconnectReasonCode.DisconnectWithWillMessage } : undefined);
  await stopped;
  client.close();
  relay.close();
};

const errorName = (error: { readonly error_name?: unknown }): string =>
  typeof error.error_name === 'string' ? error.error_name : 'unknown error';

const textOf = (payload: unknown): string => {
  if (typeof payload === 'string') return payload;
  if (ArrayBuffer.isView(payload))
    return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString();
  return payload instanceof ArrayBuffer ? Buffer.from(payload).toString() : '';
};

const unansweredSubscribe = (reason: string): SubscribeResult => ({
  kind: 'unanswered',
  reason,
  wasSent: true,
});

class AwsConnection implements Connection {
  readonly ended: Promise<ConnectionEnd>;
  readonly #client: Client;
  readonly #relay: InboundRelay;
  readonly #inFlight = new InFlight();
  #closing: Promise<void> | undefined;

  constructor(client: Client, relay: InboundRelay) {
    this.#client = client;
    this.#relay = relay;
    this.ended = new Promise((resolve) => {
      client.once('disconnection', ({ error, disconnect }) => {
        const farewell = disconnect && farewellOf(disconnect.reasonCode);
        const how = relay.failure() ?? farewell ?? lossOf(errorName(error));
        this.#inFlight.settleAll(how.reason, disconnect?.reasonCode);
        resolve(how);
      });
    });
  }

  publish(topic: string, payload: string, options: PublishOptions = {}): Promise<PublishResult> {
    if (this.#closing !== undefined)
      return Promise.resolve({ kind: 'unacknowledged', reason: 'not connected' });
    const packet = {
      topicName: topic,
      payload,
      qos: mqtt5.QoS.AtLeastOnce,
      retain: options.retain ?? false,
      payloadFormat: mqtt5.PayloadFormatIndicator.Utf8,
    };
    return this.#inFlight.track(
      this.#client.publish(packet).then(
        (puback) => puback?.reasonCode ?? 0,
        (error: unknown) => Promise.reject(new Error(String(error))),
      ),
    );
  }

  async subscribe(filters: readonly string[], onMessage: OnMessage): Promise<SubscribeResult> {
    if (this.#closing !== undefined) return { kind: 'unanswered', reason: 'not connected', wasSent: false };
    this.#client.on('messageReceived', ({ message: { topicName, payload } }) => {
      if (filters.some((filter) => matchesFilter(filter, topicName)))
        onMessage({ topic: topicName, payload: textOf(payload) });
    });
    const lost = this.ended.then(({ reason }): SubscribeResult => unansweredSubscribe(reason));
    const subscriptions = filters.map((topicFilter) => ({ topicFilter, qos: mqtt5.QoS.AtLeastOnce }));
    const answered = this.#client.subscribe({ subscriptions }).then(
      ({ reasonCodes }): SubscribeResult => {
        const refusal = reasonCodes.find(isRefusal);
        return refusal === undefined
          ? { kind: 'subscribed' }
          : { kind: 'refused', reason: reasonCodeText(refusal) };
      },
      (error: unknown): SubscribeResult => unansweredSubscribe(String(error)),
    );
    return await Promise.race([answered, lost]);
  }

  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = dispose(this.#client, this.#relay, true);
      this.#inFlight.settleAll('the connection was closed');
    }
    return this.#closing;
  }
}

/** Resolves with why it failed, or `null` once the broker has accepted. */
const attempt = (client: Client, relay: InboundRelay, signal: AbortSignal): Promise<ConnectionEnd | null> =>
  new Promise((resolve) => {
    const abort = (): void => settle({ kind: 'broken', reason: 'stopped' });
    const settle = (failure: ConnectionEnd | null): void => {
      signal.removeEventListener('abort', abort);
      resolve(failure);
    };
    signal.addEventListener('abort', abort);
    client.once('connectionSuccess', () => settle(null));
    client.once('connectionFailure', ({ error, connack }) =>
      settle(
        connack === undefined
          ? (relay.failure() ?? failureOf(errorName(error)))
          : { kind: 'refused', reason: reasonCodeText(connack.reasonCode) },
      ),
    );
    client.start();
  });

/**
 * Connections through the AWS IoT SDK, one client each. The SDK would reconnect by itself, but keeps
 * un-acknowledged QoS 1 messages unsettled until it has: a second queue beside the outbox, for hours.
 */
export const awsConnect =
  (parts: AwsConnectionParts): Connect =>
  async (signal) => {
    const { endpoint, port, proxy } = parts;
    const target = proxy ? { ...proxy, isProxy: true } : { host: endpoint, port, isProxy: false };
    const relay = await InboundRelay.listen(target);
    if (signal.aborted) {
      relay.close();
      signal.throwIfAborted();
    }
    let client: Client;
    try {
      client = createClient(parts, relay.port);
    } catch (error) {
      relay.close();
      throw new ConnectError(
        {
          kind: 'refused',
          reason: `certificate, key, root certificate or proxy cannot be used: ${String(error)}`,
        },
        { cause: error },
      );
    }
    const connection = new AwsConnection(client, relay);
    const failure = await attempt(client, relay, signal);
    if (failure === null) return connection;
    const disposed = dispose(client, relay, false);
    // In the middle of a TLS handshake that takes up to 10 s, which an orderly end does not wait for.
    if (!signal.aborted) await disposed;
    throw new ConnectError(failure);
  };
