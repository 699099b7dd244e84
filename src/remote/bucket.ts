import { request } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { type ProxyEnvironment, proxyFor } from '../config/proxy.ts';
import { openRoute } from '../mqtt/tls-examination.ts';

const PORT = 443;
/** 1 MB over a slow modem. */
const DEADLINE_MS = 600_000;
const MAX_BYTES = 1_000_000;

/** Region and domain of `…-ats.iot.eu-west-1.amazonaws.com`; `undefined` for another endpoint than AWS's. */
const regionOf = (endpoint: string): string | undefined =>
  /\.iot\.([a-z0-9-]+\.amazonaws\.com(?:\.cn)?)$/.exec(endpoint.toLowerCase())?.[1];

/**
 * Why nothing is uploaded there; `null` where it may be. Only a presigned URL of a bucket in the region of the endpoint
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

export type UploadOptions = {
  /** PEM of the authorities to trust; those of Node.js without it. */
  readonly rootCa: string | undefined;
  readonly proxy: string | undefined;
  readonly proxyEnvironment: ProxyEnvironment;
};

const put = (
  url: URL,
  content: Buffer,
  signal: AbortSignal,
  createConnection: () => ReturnType<typeof connectTls>,
) =>
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
  { rootCa, proxy, proxyEnvironment }: UploadOptions,
  stop: AbortSignal,
): Promise<void> => {
  if (content.length > MAX_BYTES) throw new Error(`${content.length} bytes are more than ${MAX_BYTES}`);
  const url = new URL(text);
  const host = url.hostname;
  const signal = AbortSignal.any([stop, AbortSignal.timeout(DEADLINE_MS)]);
  const socket = await openRoute({
    host,
    port: PORT,
    proxy: proxyFor(host, proxy, proxyEnvironment),
    signal,
  });
  try {
    const status = await put(url, content, signal, () =>
      connectTls({
        socket,
        servername: host,
        minVersion: 'TLSv1.2',
        ...(rootCa === undefined ? {} : { ca: rootCa }),
      }),
    );
    if (status === 403)
      throw new Error('the bucket answers 403: the url has expired, or signs something else');
    if (status !== 200) throw new Error(`the bucket answers ${status}`);
  } finally {
    socket.destroy();
  }
};
