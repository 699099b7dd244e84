import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { type ProxyEnvironment, proxyFor } from '../config/proxy.ts';
import { openRoute } from '../mqtt/tls-examination.ts';

const PORT = 443;
/** 1 MB over a slow modem. */
const DEADLINE_MS = 600_000;
const MAX_BYTES = 1_000_000;
/** A server that says nothing for so long is not there any more. */
const SILENCE_MS = 60_000;
/** What S3 says of an error is shorter. */
const MAX_ERROR_CHARACTERS = 4_096;

/** Region and domain of `…-ats.iot.eu-west-1.amazonaws.com`; `undefined` for another endpoint than AWS's. */
const regionOf = (endpoint: string): string | undefined =>
  /\.iot\.([a-z0-9-]+\.amazonaws\.com(?:\.cn)?)$/.exec(endpoint.toLowerCase())?.[1];

/**
 * Why nothing is sent there or fetched from there; `null` where it may be. Only a presigned URL of a bucket in the region of the endpoint
 * will do: the name of the host, which TLS then proves, leaves no other place.
 */
export const judgeBucketUrl = (text: string, endpoint: string): string | null => {
  const region = regionOf(endpoint);
  if (region === undefined)
    return `aws.endpoint (${endpoint}) names no region of AWS, so no bucket is trusted`;
  if (!URL.canParse(text)) return 'the url is none';
  const url = new URL(text);
  const bucketHost = `.s3.${region}`;
  const isBucket =
    url.hostname.endsWith(bucketHost) &&
    /^[a-z0-9][a-z0-9-]{1,62}$/.test(url.hostname.slice(0, -bucketHost.length));
  const isPlain = url.protocol === 'https:' && url.port === '' && url.username === '' && url.password === '';
  if (!isBucket || !isPlain) return `the url has to be https://BUCKET${bucketHost}/…`;
  if (!url.searchParams.has('X-Amz-Signature')) return 'the url is not presigned';
  return null;
};

export type BucketRoute = {
  /** PEM of the authorities to trust; those of Node.js without it. */
  readonly rootCa: string | undefined;
  readonly proxy: string | undefined;
  readonly proxyEnvironment: ProxyEnvironment;
};

type Connect = () => ReturnType<typeof connectTls>;

const connectOver =
  (socket: Socket, host: string, rootCa: string | undefined): Connect =>
  () =>
    connectTls({
      socket,
      servername: host,
      minVersion: 'TLSv1.2',
      ...(rootCa === undefined ? {} : { ca: rootCa }),
    });

const openBucket = (host: string, { proxy, proxyEnvironment }: BucketRoute, signal: AbortSignal) =>
  openRoute({ host, port: PORT, proxy: proxyFor(host, proxy, proxyEnvironment), signal });

const put = (url: URL, content: Buffer, signal: AbortSignal, createConnection: Connect) =>
  new Promise<number>((resolve, reject) => {
    const sending = request(
      url,
      {
        method: 'PUT',
        headers: { 'content-length': content.length },
        signal,
        createConnection,
      },
      (response) => {
        response.resume();
        response.once('error', reject);
        response.once('end', () => resolve(response.statusCode ?? 0));
      },
    );
    sending.once('error', reject);
    sending.end(content);
  });

/** Puts content where a presigned URL says. No redirect is followed; rejects with why it failed. */
export const upload = async (
  text: string,
  content: Buffer,
  route: BucketRoute,
  stop: AbortSignal,
): Promise<void> => {
  if (content.length > MAX_BYTES) throw new Error(`${content.length} bytes are more than ${MAX_BYTES}`);
  const url = new URL(text);
  const signal = AbortSignal.any([stop, AbortSignal.timeout(DEADLINE_MS)]);
  const socket = await openBucket(url.hostname, route, signal);
  try {
    const status = await put(url, content, signal, connectOver(socket, url.hostname, route.rootCa));
    if (status === 403)
      throw new Error('the bucket answers 403: the url has expired, or signs something else');
    if (status !== 200) throw new Error(`the bucket answers ${status}`);
  } finally {
    socket.destroy();
  }
};

/** What a bucket answers to the question for all from one byte on. */
export type RangeAnswer = {
  readonly status: number;
  /** `Content-Range`, as it came. */
  readonly contentRange: string | undefined;
  readonly contentLength: number | undefined;
  /** Read no faster than it is taken. Rejects where the connection ends too early, or nothing comes for a minute. */
  readonly body: AsyncIterable<Buffer>;
  close(): void;
};

/** Rejects where there is no answer. Whoever gets one closes it. */
export type GetRange = (url: string, from: number, signal: AbortSignal) => Promise<RangeAnswer>;

export const getRange = async (
  text: string,
  from: number,
  route: BucketRoute,
  signal: AbortSignal,
): Promise<RangeAnswer> => {
  const url = new URL(text);
  const socket = await openBucket(url.hostname, route, signal);
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const asking = request(url, {
        headers: { range: `bytes=${from}-` },
        signal,
        createConnection: connectOver(socket, url.hostname, route.rootCa),
      });
      const giveUp = (): void => void asking.destroy(new Error(`silence for ${SILENCE_MS / 1_000} s`));
      const timer = setTimeout(giveUp, SILENCE_MS);
      asking.once('response', (answer) => {
        clearTimeout(timer);
        asking.setTimeout(SILENCE_MS, giveUp);
        resolve(answer);
      });
      asking.on('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      asking.end();
    });
    const { 'content-range': contentRange, 'content-length': length } = response.headers;
    return {
      status: response.statusCode ?? 0,
      contentRange,
      contentLength: length === undefined ? undefined : Number(length),
      body: response,
      close: () => {
        response.destroy();
        socket.destroy();
      },
    };
  } catch (error) {
    socket.destroy();
    throw error;
  }
};

/** The beginning of what a bucket says of an error. */
export const errorText = async ({ body }: RangeAnswer): Promise<string> => {
  let text = '';
  for await (const chunk of body) {
    text += chunk.toString('utf8');
    if (text.length >= MAX_ERROR_CHARACTERS) break;
  }
  return text.slice(0, MAX_ERROR_CHARACTERS);
};
