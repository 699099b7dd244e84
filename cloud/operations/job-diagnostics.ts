import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { formatError } from '../../src/weather/format.ts';
import { DIAGNOSTICS } from '../contract/outputs.ts';
import type { JobView } from './job-watching.ts';
import { keepFile } from './kept-file.ts';

/** What a station sends is less. */
const MAX_BYTES = 1_000_000;

type BundlePlace = { readonly Bucket: string; readonly Key: string };

/** Where the answer to a job `diagnostics` lies: beside the errors, for a month. */
export const bundlePlace = (bucket: string, station: string, jobId: string): BundlePlace => ({
  Bucket: bucket,
  Key: `${DIAGNOSTICS}/${station}/${jobId}.json.gz`,
});

/** A URL for one PUT of a station: `https://BUCKET.s3.REGION.amazonaws.com/…`, the only form that it takes. */
export const presignUpload = (s3: S3Client, place: BundlePlace, hours: number): Promise<string> =>
  getSignedUrl(s3, new PutObjectCommand(place), { expiresIn: hours * 3_600 });

/** Writes a station's bundle to the folder. Returns the file. */
export const downloadBundle = async (s3: S3Client, place: BundlePlace, folder: string): Promise<string> => {
  const { Body, ContentLength = Number.POSITIVE_INFINITY } = await s3.send(new GetObjectCommand(place));
  if (Body === undefined || ContentLength > MAX_BYTES)
    throw new Error(`${ContentLength} bytes are more than ${MAX_BYTES}: left in the bucket`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [, station = '', name = ''] = place.Key.split('/');
  const file = join(folder, `${station.replaceAll(':', '_')}-${name}`);
  await keepFile(file, await Body.transformToByteArray());
  return file;
};

/** Downloads what the stations have put. Returns whether every report that a station has sent is in the folder now. */
export const downloadReports = async (
  s3: S3Client,
  bucket: string,
  views: readonly JobView[],
  { folder, report }: { readonly folder: string; readonly report: (line: string) => void },
): Promise<boolean> => {
  let isWhole = true;
  for (const { jobId, answers } of views) {
    if (!jobId.startsWith('diagnostics-')) continue;
    for (const { station, status } of answers) {
      if (status !== 'SUCCEEDED') continue;
      try {
        report(await downloadBundle(s3, bundlePlace(bucket, station, jobId), folder));
      } catch (error) {
        isWhole = false;
        report(`${station}: not downloaded: ${formatError(error)}`);
      }
    }
  }
  return isWhole;
};
