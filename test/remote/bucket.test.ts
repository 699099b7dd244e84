import { getEventListeners, once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '../../src/certificate/certificate-authority.ts';
import { type BucketRoute, errorText, getRange, judgeBucketUrl, upload } from '../../src/remote/bucket.ts';
import { type ConnectProxy, startConnectProxy } from '../system/connect-proxy.ts';

const ENDPOINT = 'abc123-ats.iot.eu-west-1.amazonaws.com';
const HOST = 'weather-errors.s3.eu-west-1.amazonaws.com';
const URL_OF_BUCKET = `https://${HOST}/diagnostics/1/job.json.gz?X-Amz-Signature=abc`;

describe('the url of an upload', () => {
  it('is one of a bucket in the region of the endpoint', () => {
    expect(judgeBucketUrl(URL_OF_BUCKET, ENDPOINT)).toBeNull();
    const china = 'x.ats.iot.cn-north-1.amazonaws.com.cn';
    expect(
      judgeBucketUrl('https://abc.s3.cn-north-1.amazonaws.com.cn/k?X-Amz-Signature=a', china),
    ).toBeNull();
  });

  it.each([
    'https://evil.example/diagnostics?X-Amz-Signature=a',
    `https://${HOST}.evil.example/k?X-Amz-Signature=a`,
    'https://weather.s3.us-east-1.amazonaws.com/k?X-Amz-Signature=a',
    'https://s3.eu-west-1.amazonaws.com/weather/k?X-Amz-Signature=a',
    'https://a.b.s3.eu-west-1.amazonaws.com/k?X-Amz-Signature=a',
    `http://${HOST}/k?X-Amz-Signature=a`,
    `https://${HOST}:8443/k?X-Amz-Signature=a`,
    `https://user:password@${HOST}/k?X-Amz-Signature=a`,
    `https://evil.example\\@${HOST}/k?X-Amz-Signature=a`,
    'file:///etc/shadow',
    'not a url',
    '',
  ])('is never %s', (url) => {
    expect(judgeBucketUrl(url, ENDPOINT)).toMatch(/^the url /);
  });

  it('is presigned, and no bucket is trusted where the endpoint is not of AWS', () => {
    expect(judgeBucketUrl(`https://${HOST}/k`, ENDPOINT)).toBe('the url is not presigned');
    expect(judgeBucketUrl(URL_OF_BUCKET, 'localhost')).toContain('names no region of AWS');
  });
});

describe('a bucket', () => {
  let authority: CertificateAuthority;
  let bucket: Server;
  let proxy: ConnectProxy;
  let answer: number;
  let serve: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  const received: { method: string | undefined; url: string | undefined; content: string }[] = [];

  beforeEach(async () => {
    authority = await createCertificateAuthority('Test bucket');
    const { certificate, privateKey } = await authority.issueServer({ dns: [HOST], ip: [] });
    answer = 200;
    serve = undefined;
    bucket = createServer({ cert: certificate, key: privateKey }, async (request, response) => {
      if (serve !== undefined) return serve(request, response);
      const content = (await buffer(request)).toString();
      received.push({ method: request.method, url: request.url, content });
      response.writeHead(answer, { location: 'https://evil.example/' }).end();
    });
    bucket.listen(0, '127.0.0.1');
    await once(bucket, 'listening');
    const address = bucket.address();
    const bucketPort = typeof address === 'object' ? address?.port : undefined;
    proxy = await startConnectProxy({
      user: 'station',
      password: 'p@ss',
      port: (host) => (host.endsWith('.amazonaws.com') ? bucketPort : undefined),
    });
    received.length = 0;
  });
  afterEach(() => {
    proxy.close();
    bucket.close();
  });

  const route = (): BucketRoute => ({
    rootCa: authority.certificate,
    proxy: `http://station:p%40ss@127.0.0.1:${proxy.port}`,
    proxyEnvironment: {},
  });

  const send = (
    content = Buffer.from('the bundle'),
    url = URL_OF_BUCKET,
    signal = new AbortController().signal,
  ) => upload(url, content, route(), signal);

  it('takes an upload through the proxy, and proves the name of the bucket', async () => {
    await send();

    expect(proxy.targets).toEqual([`${HOST}:443`]);
    expect(received).toEqual([
      { method: 'PUT', url: '/diagnostics/1/job.json.gz?X-Amz-Signature=abc', content: 'the bundle' },
    ]);
    await expect(send(undefined, URL_OF_BUCKET.replace('errors', 'other'))).rejects.toThrow(/altname/i);
    expect(received.length).toBe(1);
  });

  it('is not left for another by a redirect, and says what the bucket answers', async () => {
    answer = 307;
    await expect(send()).rejects.toThrow('the bucket answers 307');
    answer = 403;
    await expect(send()).rejects.toThrow('the url has expired');
    expect(received.length).toBe(2);
  });

  it('takes at most 1 MB, and an upload ends with the daemon', async () => {
    await expect(send(Buffer.alloc(1_000_001))).rejects.toThrow('1000001 bytes are more than 1000000');
    await expect(send(undefined, undefined, AbortSignal.abort())).rejects.toThrow();
    expect(received).toEqual([]);
  });

  it('gives what is asked for from one byte on, as fast as it is taken', async () => {
    const asked: unknown[] = [];
    let sent = 0;
    serve = ({ method, url, headers }, response) => {
      asked.push({ method, url, range: headers.range });
      response.writeHead(206, {
        'content-range': 'bytes 5-99999999/100000000',
        'content-length': 99_999_995,
      });
      const more = (): void => {
        while (sent < 99_999_995) {
          const chunk = Buffer.alloc(Math.min(65_536, 99_999_995 - sent));
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    };

    const { signal } = new AbortController();
    const range = await getRange(URL_OF_BUCKET, 5, route(), signal);

    expect(range).toMatchObject({ status: 206, contentRange: 'bytes 5-99999999/100000000' });
    expect(range.contentLength).toBe(99_999_995);
    expect(asked).toEqual([
      { method: 'GET', url: '/diagnostics/1/job.json.gz?X-Amz-Signature=abc', range: 'bytes=5-' },
    ]);
    for await (const chunk of range.body) {
      expect(chunk.length).toBeLessThanOrEqual(65_536);
      break;
    }
    // Buffers of sockets are a few MB; the rest waits at the server.
    expect(sent).toBeLessThan(50_000_000);
    range.close();
    await expect(getRange(URL_OF_BUCKET.replace('errors', 'other'), 0, route(), signal)).rejects.toThrow(
      /altname/i,
    );
  });

  it('keeps nothing of a request that is over, as often as the link breaks', async () => {
    const { signal } = new AbortController();
    serve = (_request, response) => void response.writeHead(206, { 'content-length': 100 }).write('half');
    for (let requests = 0; requests < 3; requests += 1)
      (await getRange(URL_OF_BUCKET, 0, route(), signal)).close();

    await expect.poll(() => getEventListeners(signal, 'abort').length).toBe(0);
  });

  it('says why it gives nothing, and an interrupted answer is no whole one', async () => {
    const { signal } = new AbortController();
    serve = (_request, response) => void response.writeHead(403).end('<Code>Expired</Code>'.repeat(5_000));
    const refused = await getRange(URL_OF_BUCKET, 0, route(), signal);
    expect(refused.status).toBe(403);
    expect((await errorText(refused)).length).toBe(4_096);
    refused.close();

    serve = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('half');
      setTimeout(() => response.destroy(), 50);
    };
    const broken = await getRange(URL_OF_BUCKET, 0, route(), signal);
    await expect(buffer(broken.body)).rejects.toThrow();
    broken.close();

    serve = ({ socket }) => void socket.end('no HTTP at all');
    await expect(getRange(URL_OF_BUCKET, 0, route(), signal)).rejects.toThrow();
    await expect(getRange(URL_OF_BUCKET, 0, route(), AbortSignal.abort())).rejects.toThrow();
  });
});
