import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { parseStations, type Station } from '../contract/stations.ts';

/** The station file as a function that lives for hours needs it. */
type StationDirectory = {
  /** By device id; at most five minutes old. Empty while the file cannot be read: a mail without a name is a mail. */
  current(): Promise<ReadonlyMap<string, Station>>;
};

const KEPT_MS = 5 * 60_000;

export const openStationDirectory = (
  s3: S3Client,
  at: { readonly bucket: string; readonly key: string },
  now: () => number = Date.now,
): StationDirectory => {
  let known: ReadonlyMap<string, Station> = new Map();
  let readMs = Number.NEGATIVE_INFINITY;
  return {
    async current() {
      if (now() - readMs < KEPT_MS) return known;
      readMs = now();
      try {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket: at.bucket, Key: at.key }));
        const { stations } = parseStations((await Body?.transformToString()) ?? '');
        known = new Map(stations.map((station) => [station.deviceid, station]));
      } catch {
        // The last list stays; the next try is in five minutes.
      }
      return known;
    },
  };
};
