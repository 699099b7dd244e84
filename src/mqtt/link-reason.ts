import type { ConnectionEnd } from './publisher.ts';

/** CONNACK and DISCONNECT reason codes that a station may meet (MQTT 5, tables 3-1 and 3-13), in plain words. */
const reasonCodes: Readonly<Record<number, string>> = {
  128: 'unspecified error',
  129: 'malformed packet',
  130: 'protocol error',
  131: 'implementation specific error',
  132: 'MQTT 5 is not supported',
  133: 'client identifier not valid: is it the thing name, and does the policy allow it to connect?',
  134: 'bad user name or password',
  135: 'not authorized: does the policy attached to the certificate allow this client and topic?',
  136: 'server unavailable',
  137: 'server busy',
  138: 'banned',
  139: 'server shutting down',
  141: 'keep-alive timeout',
  142: 'another client uses this id: the broker gave the session to it',
  144: 'topic name invalid',
  145: 'packet identifier in use',
  147: 'receive maximum exceeded',
  149: 'packet too large',
  150: 'message rate too high',
  151: 'quota exceeded',
  152: 'administrative action',
  153: 'payload format invalid',
  154: 'retain not supported',
  155: 'QoS not supported',
  156: 'use another server',
  157: 'server moved',
  159: 'connection rate exceeded',
};

const SESSION_TAKEN_OVER = 0x8e;

export const reasonCodeText = (code: number): string =>
  `${reasonCodes[code] ?? 'refused'} (0x${code.toString(16).padStart(2, '0')})`;

/** How a connection ended that the broker ended with a DISCONNECT. */
export const farewellOf = (reasonCode: number): ConnectionEnd => ({
  kind: reasonCode === SESSION_TAKEN_OVER ? 'taken over' : 'refused',
  reason: reasonCodeText(reasonCode),
});

/** Errors of name resolution and of the TCP handshake, by the code of Node.js: there was no answer. */
const unreachable: Readonly<Record<string, (where: string) => string>> = {
  ENOTFOUND: (where) => `the name of ${where} cannot be resolved: does it exist, and is the network up?`,
  EAI_AGAIN: (where) => `the name of ${where} cannot be resolved now: is the network up?`,
  EADDRNOTAVAIL: () => 'no local address: is the network up?',
  ECONNREFUSED: (where) => `connection refused: nothing listens on this port of ${where}`,
  ENETDOWN: () => 'the network is down',
  ENETUNREACH: (where) => `no route to ${where}: is the network up?`,
  EHOSTUNREACH: (where) => `no route to ${where}: is the network up?`,
  ETIMEDOUT: (where) => `${where} does not answer`,
};

/** How the way to the endpoint, or to the HTTP proxy before it, failed. */
export const unreachableOf = (error: NodeJS.ErrnoException, isProxy: boolean): ConnectionEnd => {
  const where = isProxy ? 'the HTTP proxy' : 'the endpoint';
  // Where a name has several addresses, Node.js tells of each.
  const { code = '' } = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const reason = unreachable[code]?.(where) ?? `${where} cannot be reached (${code || error.message})`;
  return { kind: 'unreachable', reason };
};

/** There was an answer, and the attempt failed. */
const refused: Readonly<Record<string, string>> = {
  AWS_IO_SOCKET_CLOSED:
    'the endpoint closed the connection during the handshake: is the certificate registered and active?',
  AWS_IO_TLS_ERROR_NEGOTIATION_FAILURE:
    'TLS failed: wrong root certificate, wrong host name, no TLS 1.2, or the clock of this machine is wrong',
  AWS_IO_TLS_ERROR_ALERT_RECEIVED:
    'the endpoint ended the TLS handshake: is the certificate registered and active?',
  AWS_IO_TLS_NEGOTIATION_TIMEOUT: 'the endpoint does not finish the TLS handshake',
  AWS_IO_TLS_HOST_NAME_MISMATCH: 'the certificate of the endpoint is for another name',
  AWS_IO_TLS_UNKNOWN_ROOT_CERTIFICATE:
    'the certificate of the endpoint is from an authority that is not trusted',
  AWS_IO_TLS_CERTIFICATE_EXPIRED: 'the certificate of the endpoint has expired',
  AWS_IO_TLS_CERTIFICATE_NOT_YET_VALID:
    'the certificate of the endpoint is not valid yet: is the clock right?',
  AWS_ERROR_MQTT_UNEXPECTED_HANGUP:
    'the endpoint closed the connection instead of answering CONNECT: is the certificate active, and does its policy allow this id?',
  AWS_ERROR_MQTT5_CONNACK_TIMEOUT: 'the endpoint does not answer CONNECT',
  AWS_ERROR_MQTT5_DECODE_PROTOCOL_ERROR: 'the broker broke the rules of MQTT 5',
  AWS_ERROR_HTTP_PROXY_CONNECT_FAILED:
    'the HTTP proxy refuses the connection: check aws.proxy or HTTPS_PROXY',
  AWS_ERROR_HTTP_CONNECTION_CLOSED: 'the HTTP proxy closed the connection: check aws.proxy or HTTPS_PROXY',
  AWS_ERROR_HTTP_PROTOCOL_ERROR: 'the HTTP proxy does not speak HTTP: check aws.proxy or HTTPS_PROXY',
};

/** The name of the SDK's error is kept for whoever searches for it, but never stands alone. */
const unexplained = (errorName: string): string => `the connection failed (${errorName})`;

/** How an attempt failed, by the name of the SDK's error. */
export const failureOf = (errorName: string): ConnectionEnd => ({
  kind: 'refused',
  reason: refused[errorName] ?? unexplained(errorName),
  isHandshake: true,
});

const losses: Readonly<Record<string, string>> = {
  AWS_IO_SOCKET_CLOSED: 'the connection was closed',
  AWS_ERROR_MQTT_UNEXPECTED_HANGUP: 'the connection was closed',
  AWS_IO_TLS_CLOSED_GRACEFUL: 'the connection was closed',
  AWS_IO_TLS_CLOSED_ABORT: 'the connection was closed',
  AWS_IO_TLS_ALERT_NOT_GRACEFUL: 'the broker ended the TLS connection: was the certificate refused?',
  AWS_IO_TLS_ERROR_ALERT_RECEIVED: 'the broker ended the TLS connection: was the certificate refused?',
  AWS_ERROR_MQTT5_PING_RESPONSE_TIMEOUT: 'no answer to a ping',
  AWS_ERROR_MQTT5_USER_REQUESTED_STOP: 'stopped',
  AWS_ERROR_MQTT5_DECODE_PROTOCOL_ERROR: 'the broker broke the rules of MQTT 5',
};

/** How an established connection broke, by the name of the SDK's error. */
export const lossOf = (errorName: string): ConnectionEnd => ({
  kind: 'broken',
  reason: losses[errorName] ?? refused[errorName] ?? unexplained(errorName),
});
