import { once } from 'node:events';
import sdk from 'aws-iot-device-sdk-v2';
import { type Connect, ConnectError, type Connection, type ConnectionEnd } from './connection.ts';
import { InFlight } from './in-flight.ts';
import { failureOf, lossOf, reasonCodeText } from './link-reason.ts';
import type { PublishOptions, PublishResult } from './publisher.ts';

// The package is CommonJS whose names Node cannot see.
const { io, iot, mqtt5 } = sdk;

/** PEM text, or where it lies: files are read anew at each attempt, so that a renewed certificate is taken. */
export type Credentials =
  | { readonly certificate: string; readonly privateKey: string; readonly rootCa?: string }
  | { readonly certificateFile: string; readonly privateKeyFile: string; readonly rootCaFile?: string };

export type AwsConnectionParts = {
  readonly endpoint: string;
  readonly port: number;
  readonly clientId: string;
  readonly credentials: Credentials;
  /** What the broker publishes, retained, once this client is gone. */
  readonly will: { readonly topic: string; readonly payload: string };
  /** `iot-core` keeps to 100 publishes/s and 512 KB/s, AWS's limits for one connection. */
  readonly flowControl?: 'iot-core' | 'none';
};

const CONNECT_TIMEOUT_MS = 10_000;
const CONNACK_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_SECONDS = 60;
/** A ping waits behind a batch on a slow link; stalls are found by the uplink much earlier. */
const PING_TIMEOUT_MS = 45_000;

/** A client is closed long before it would connect a second time. */
const NEVER_BY_ITSELF_MS = 600_000;

const builderFor = ({ credentials, endpoint }: AwsConnectionParts) => {
  const { AwsIotMqtt5ClientConfigBuilder: Builder } = iot;
  if ('certificate' in credentials) {
    const { certificate, privateKey, rootCa } = credentials;
    const builder = Builder.newDirectMqttBuilderWithMtlsFromMemory(endpoint, certificate, privateKey);
    return rootCa === undefined ? builder : builder.withCertificateAuthority(rootCa);
  }
  const { certificateFile, privateKeyFile, rootCaFile } = credentials;
  const builder = Builder.newDirectMqttBuilderWithMtlsFromPath(endpoint, certificateFile, privateKeyFile);
  return rootCaFile === undefined ? builder : builder.withCertificateAuthorityFromPath(undefined, rootCaFile);
};

const createClient = (parts: AwsConnectionParts) => {
  const { ClientExtendedValidationAndFlowControl: FlowControl } = mqtt5;
  const socketOptions = new io.SocketOptions(io.SocketType.STREAM, io.SocketDomain.IPV6, CONNECT_TIMEOUT_MS);
  const config = builderFor(parts)
    .withPort(parts.port)
    .withConnectProperties({
      clientId: parts.clientId,
      keepAliveIntervalSeconds: KEEP_ALIVE_SECONDS,
      will: {
        topicName: parts.will.topic,
        payload: parts.will.payload,
        qos: mqtt5.QoS.AtLeastOnce,
        retain: true,
      },
    })
    .withSessionBehavior(mqtt5.ClientSessionBehavior.Clean)
    .withOfflineQueueBehavior(mqtt5.ClientOperationQueueBehavior.FailAllOnDisconnect)
    .withRetryJitterMode(mqtt5.RetryJitterType.None)
    .withMinReconnectDelayMs(NEVER_BY_ITSELF_MS)
    .withMaxReconnectDelayMs(NEVER_BY_ITSELF_MS)
    .withSocketOptions(socketOptions)
    .withConnackTimeoutMs(CONNACK_TIMEOUT_MS)
    .withPingTimeoutMs(PING_TIMEOUT_MS)
    .withExtendedValidationAndFlowControlOptions(
      parts.flowControl === 'none' ? FlowControl.None : FlowControl.AwsIotCoreDefaults,
    )
    .build();
  return new mqtt5.Mqtt5Client(config);
};

type Client = ReturnType<typeof createClient>;

/** Only a client that is stopped may be closed, and one that is not closed leaks. */
const dispose = async (client: Client, withWill: boolean): Promise<void> => {
  const stopped = once(client, mqtt5.Mqtt5Client.STOPPED);
  client.stop(withWill ? { reasonCode: mqtt5.DisconnectReasonCode.DisconnectWithWillMessage } : undefined);
  await stopped;
  client.close();
};

const errorName = (error: { readonly error_name?: unknown }): string =>
  typeof error.error_name === 'string' ? error.error_name : 'unknown error';

class AwsConnection implements Connection {
  readonly ended: Promise<ConnectionEnd>;
  readonly #client: Client;
  readonly #inFlight = new InFlight();
  #closing: Promise<void> | undefined;

  constructor(client: Client) {
    this.#client = client;
    this.ended = new Promise((resolve) => {
      client.once('disconnection', ({ error, disconnect }) => {
        const end: ConnectionEnd =
          disconnect === undefined
            ? lossOf(errorName(error))
            : { kind: 'refused', reason: reasonCodeText(disconnect.reasonCode) };
        this.#inFlight.settleAll(end.reason, disconnect?.reasonCode);
        resolve(end);
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

  close(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = dispose(this.#client, true);
      this.#inFlight.settleAll('the connection was closed');
    }
    return this.#closing;
  }
}

/** Resolves with why it failed, or `null` once the broker has accepted. */
const attempt = (client: Client, signal: AbortSignal): Promise<ConnectionEnd | null> =>
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
          ? failureOf(errorName(error))
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
    signal.throwIfAborted();
    let client: Client;
    try {
      client = createClient(parts);
    } catch (error) {
      throw new ConnectError(
        { kind: 'refused', reason: `certificate, key or root certificate cannot be used: ${String(error)}` },
        { cause: error },
      );
    }
    const connection = new AwsConnection(client);
    const failure = await attempt(client, signal);
    if (failure === null) return connection;
    const disposed = dispose(client, false);
    // In the middle of a TLS handshake that takes up to 10 s, which an orderly end does not wait for.
    if (!signal.aborted) await disposed;
    throw new ConnectError(failure);
  };
