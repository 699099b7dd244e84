import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  checkStation,
  formatStations,
  parseStations,
  type Station,
  withStations,
} from '../contract/stations.ts';
import { STATIONS_KEY } from '../stack/storage.ts';

/** Adds or renames stations in the reference file; fails rather than undo what somebody else wrote meanwhile. */
export const listStations = async (
  s3: S3Client,
  bucket: string,
  added: readonly Station[],
): Promise<void> => {
  const checked = added.map(checkStation);
  const at = { Bucket: bucket, Key: STATIONS_KEY };
  const current = await s3.send(new GetObjectCommand(at)).catch((error: unknown) => {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  });
  const { stations, otherLines } = parseStations((await current?.Body?.transformToString()) ?? '');
  await s3.send(
    new PutObjectCommand({
      ...at,
      Body: formatStations(withStations(stations, checked), otherLines),
      ContentType: 'text/csv',
      ...(current?.ETag === undefined ? { IfNoneMatch: '*' } : { IfMatch: current.ETag }),
    }),
  );
};
