import { GetObjectCommand, NoSuchKey, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  checkStation,
  formatStations,
  parseStations,
  type Station,
  withStations,
} from '../contract/stations.ts';
import { STATIONS_KEY } from '../stack/storage.ts';

/** Somebody else wrote it meanwhile, or does so in this moment. */
const TAKEN = ['PreconditionFailed', 'ConditionalRequestConflict'];
const MAX_ATTEMPTS = 5;

/** Adds or renames stations in the reference file, and undoes nothing that somebody else writes meanwhile. */
export const listStations = async (
  s3: S3Client,
  bucket: string,
  added: readonly Station[],
): Promise<void> => {
  const checked = added.map(checkStation);
  for (let attempt = 1; ; attempt++) {
    try {
      await addStations(s3, bucket, checked);
      return;
    } catch (error) {
      const isTaken = error instanceof Error && TAKEN.includes(error.name);
      if (!isTaken || attempt === MAX_ATTEMPTS) throw error;
    }
  }
};

const addStations = async (s3: S3Client, bucket: string, checked: readonly Station[]): Promise<void> => {
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
