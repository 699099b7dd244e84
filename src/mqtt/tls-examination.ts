import { connect as connectSocket, isIP, type Socket } from 'node:net';
import { addAbortSignal } from 'node:stream';
import { checkServerIdentity, connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { KeyPair } from '../certificate/key-pairs.ts';
import type { HttpProxy } from '../config/proxy.ts';
import { errorCode, formatError } from '../weather/format.ts';

export type TlsExaminationParts = {
  readonly endpoint: string;
  readonly port: number;
  /** PEM; the roots that come with Node.js without it. */
  readonly rootCa: string | undefined;
  /** `null`: the handshake is made without a certificate of our own. */
  readonly pair: KeyPair | null;
  readonly proxy: HttpProxy | undefined;
  /** Whether the clock is known to be right. */
  readonly isClockSure: boolean;
  readonly signal: AbortSignal;
};

export type TlsExamination = {
  readonly isGood: boolean;
  /** What was found, or what is wrong. */
  readonly text: string;
  readonly remedy: string;
};

const TIMEOUT_MS = 8_000;
/** TLS 1.3 refuses a client's certificate after the handshake. */
const REFUSAL_MS = 1_500;
const MAX_PROXY_ANSWER_BYTES = 8_192;

/** How far an examination got when it failed. */
class Failure extends Error {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

const NETWORK = 'check cable, Wi-Fi or modem, and the router';
const ENDPOINT = 'compare aws.endpoint with aws iot describe-endpoint --endpoint-type iot:Data-ATS';
const FIREWALL = 'does a firewall let the port out? aws.port 443 is open more often than 8883';
const PORTAL = 'this network wants a login in a browser, or a firewall answers in place of the endpoint';
const OWN_CERTIFICATE = 'is the certificate active in AWS IoT Core and attached to the thing and its policy?';
const CLOCK = 'set the clock: timedatectl set-ntp true, and let UDP port 123 out';
const ROOT_CA = 'aws.rootCa must hold the authority that signed it; without it Amazon is trusted';

const networkFailures: Readonly<Record<string, (where: string) => Failure>> = {
  ENOTFOUND: (where) => new Failure(`the name ${where} does not exist`, ENDPOINT),
  EAI_AGAIN: (where) => new Failure(`the name ${where} cannot be resolved: no DNS server answers`, NETWORK),
  ECONNREFUSED: (where) => new Failure(`${where} refuses the connection: the port is closed`, FIREWALL),
  EHOSTUNREACH: (where) => new Failure(`there is no route to ${where}`, NETWORK),
  ENETUNREACH: (where) => new Failure(`there is no route to ${where}`, NETWORK),
  ENETDOWN: () => new Failure('the network is down', NETWORK),
  ETIMEDOUT: (where) => new Failure(`${where} does not answer`, FIREWALL),
};

const tcpFailure = (error: unknown, where: string): Failure =>
  networkFailures[errorCode(error)]?.(where) ??
  new Failure(`${where} cannot be reached: ${formatError(error)}`, NETWORK);

/** Resolves with what `start` finds, and never later than `ms`. */
const within = async <T>(
  ms: number,
  late: () => Failure,
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(late()), ms);
      start(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
  }
};

const openSocket = (host: string, port: number, signal: AbortSignal): Promise<Socket> => {
  const where = `${host}:${port}`;
  return within<Socket>(
    TIMEOUT_MS,
    () => new Failure(`${where} does not answer`, FIREWALL),
    (resolve, reject) => {
      // The option `signal` of connect() stays with the signal once the socket is closed, and keeps the socket.
      const socket = addAbortSignal(signal, connectSocket({ host, port }));
      socket.once('connect', () => resolve(socket));
      socket.on('error', (error) => reject(tcpFailure(error, where)));
    },
  );
};

const openTunnel = async (
  socket: Socket,
  { user, password = '' }: HttpProxy,
  target: string,
): Promise<void> => {
  const credentials =
    user === undefined
      ? ''
      : `Proxy-Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n`;
  const PROXY = 'check aws.proxy, or HTTPS_PROXY of the service';
  const status = await within<string>(
    TIMEOUT_MS,
    () => new Failure('the HTTP proxy does not answer', PROXY),
    (resolve, reject) => {
      let answer = '';
      const take = (chunk: Buffer): void => {
        answer += chunk.toString('latin1');
        if (!answer.includes('\r\n\r\n') && answer.length < MAX_PROXY_ANSWER_BYTES) return;
        socket.off('data', take);
        resolve(/^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1] ?? 'something other than HTTP');
      };
      socket.on('data', take);
      socket.once('close', () => reject(new Failure('the HTTP proxy closed the connection', PROXY)));
      socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${credentials}\r\n`);
    },
  );
  if (status !== '200') throw new Failure(`the HTTP proxy answers ${status} to CONNECT ${target}`, PROXY);
};

type Route = {
  readonly host: string;
  readonly port: number;
  readonly proxy: HttpProxy | undefined;
  readonly signal: AbortSignal;
};

/** A TCP connection, through the proxy where there is one; rejects with what is wrong, for a person. */
export const openRoute = async ({ host, port, proxy, signal }: Route): Promise<Socket> => {
  const socket = await openSocket(proxy?.host ?? host, proxy?.port ?? port, signal);
  if (proxy === undefined) return socket;
  try {
    await openTunnel(socket, proxy, `${host}:${port}`);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
};

const handshakeFailure = (error: unknown, where: string): Failure => {
  const code = errorCode(error);
  if (
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_TOO_(LARGE|SMALL)|BAD_RECORD_TYPE|RECORD_LAYER_FAILURE|UNEXPECTED_MESSAGE|INVALID_RECORD/.test(
      code,
    )
  )
    return new Failure(`${where} answers without TLS: a captive portal?`, PORTAL);
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/.test(code))
    return new Failure(`${where} does not speak TLS 1.2 or 1.3`, PORTAL);
  if (/NO_APPLICATION_PROTOCOL/.test(code))
    return new Failure(`${where} does not offer MQTT on this port (ALPN)`, ENDPOINT);
  if (/ALERT/.test(code)) return new Failure(`${where} refuses our certificate (${code})`, OWN_CERTIFICATE);
  return new Failure(
    `${where} ends the connection during the TLS handshake; our certificate may be refused`,
    OWN_CERTIFICATE,
  );
};

const shakeHands = (socket: Socket, parts: TlsExaminationParts): Promise<TLSSocket> => {
  const { endpoint, port, rootCa, pair } = parts;
  const where = `${endpoint}:${port}`;
  return within<TLSSocket>(
    TIMEOUT_MS,
    () => new Failure(`${where} accepts the connection and then says nothing`, FIREWALL),
    (resolve, reject) => {
      const tls = connectTls({
        socket,
        minVersion: 'TLSv1.2',
        // It is examined below, so that the certificate can be shown.
        rejectUnauthorized: false,
        ALPNProtocols: ['x-amzn-mqtt-ca'],
        ...(isIP(endpoint) === 0 ? { servername: endpoint } : {}),
        ...(rootCa === undefined ? {} : { ca: rootCa }),
        ...(pair === null ? {} : { cert: pair.certificate, key: pair.privateKey }),
      });
      tls.once('secureConnect', () => resolve(tls));
      tls.on('error', (error) => reject(handshakeFailure(error, where)));
      tls.once('close', () => reject(handshakeFailure(null, where)));
    },
  );
};

const day = (text: string): string => {
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? text : new Date(atMs).toISOString().slice(0, 10);
};

const nameOf = ({ O, CN }: { readonly O?: unknown; readonly CN?: unknown } = {}): string =>
  [O, CN].flat().filter(Boolean).join(', ') || 'an unnamed authority';

const describe = ({ issuer, subject, subjectaltname, valid_from, valid_to }: PeerCertificate): string => {
  const names =
    (subjectaltname ?? '').replace(/(?:DNS|IP Address):/g, '') || String(subject?.CN ?? 'no name');
  return `issued by ${nameOf(issuer)}, valid from ${day(valid_from)} to ${day(valid_to)}, for ${names}`;
};

const judgeCertificate = (tls: TLSSocket, { endpoint, isClockSure }: TlsExaminationParts): string => {
  const certificate = tls.getPeerCertificate();
  const shown = describe(certificate);
  const error = String(tls.authorizationError ?? '');
  const unsure = isClockSure
    ? ''
    : `; the clock of this machine says ${new Date().toISOString().slice(0, 10)} and is not synchronized`;
  if (error === 'CERT_NOT_YET_VALID')
    throw new Failure(`the certificate of the endpoint is not valid yet (${shown})${unsure}`, CLOCK);
  if (error === 'CERT_HAS_EXPIRED')
    throw new Failure(
      `the certificate of the endpoint has expired (${shown})${unsure}`,
      isClockSure ? 'the endpoint needs a new certificate' : CLOCK,
    );
  const isNameWrong = checkServerIdentity(endpoint, certificate) !== undefined;
  if (error !== '' && error !== 'ERR_TLS_CERT_ALTNAME_INVALID')
    throw new Failure(
      `the certificate of the endpoint is from an authority that is not trusted (${shown})`,
      isNameWrong ? PORTAL : ROOT_CA,
    );
  if (isNameWrong) throw new Failure(`the certificate is not for ${endpoint} (${shown})`, ENDPOINT);
  return shown;
};

/** A server that has something against our certificate says so within a moment, or hangs up. */
const awaitRefusal = (tls: TLSSocket, where: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, REFUSAL_MS);
    tls.once('error', (error) => {
      clearTimeout(timer);
      reject(handshakeFailure(error, where));
    });
    tls.once('close', () => {
      clearTimeout(timer);
      reject(handshakeFailure(null, where));
    });
    tls.resume();
  });

/**
 * One TLS handshake with the endpoint, to tell what is wrong. Nothing of MQTT is said, so that a running daemon with
 * the same id is not disturbed.
 */
export const examineTls = async (parts: TlsExaminationParts): Promise<TlsExamination> => {
  const { endpoint, port, proxy, signal } = parts;
  const where = `${endpoint}:${port}`;
  let socket: Socket | undefined;
  try {
    socket = await openSocket(proxy?.host ?? endpoint, proxy?.port ?? port, signal);
    const address = socket.remoteAddress;
    if (proxy !== undefined) await openTunnel(socket, proxy, where);
    const tls = await shakeHands(socket, parts);
    const shown = judgeCertificate(tls, parts);
    await awaitRefusal(tls, where);
    const way = proxy === undefined ? '' : ` through the proxy ${proxy.host}:${proxy.port}`;
    return { isGood: true, text: `${where} (${address})${way}, ${tls.getProtocol()}, ${shown}`, remedy: '' };
  } catch (error) {
    if (error instanceof Failure) return { isGood: false, text: error.message, remedy: error.remedy };
    throw error;
  } finally {
    socket?.destroy();
  }
};
