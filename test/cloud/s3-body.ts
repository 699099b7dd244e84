import { Readable } from 'node:stream';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';

/** The body of an object in S3, as far as it is read here. */
export const s3Body = (text: string): GetObjectCommandOutput['Body'] => {
  const stream = Object.assign(Readable.from([text]), { transformToString: () => Promise.resolve(text) });
  // The SDK's own type also wants the web streams of a browser.
  return stream as unknown as GetObjectCommandOutput['Body'];
};
