import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import {
  type JobDocument,
  parseManifest,
  type ReleaseManifest,
  type UpdateDocument,
} from '../../src/remote/verbs.ts';
import { RELEASES } from '../contract/outputs.ts';
import { checkDocument } from './jobs.ts';

const ARCHIVE = '.tar.gz';

/** What `npm run release` makes for an architecture. */
export type Release = {
  readonly name: string;
  readonly manifest: ReleaseManifest;
  /** As it was signed. */
  readonly text: string;
  readonly signature: string;
  readonly archive: Buffer;
};

/** An archive with its manifest and signature beside it. Throws where the three do not belong together. */
export const readRelease = (file: string): Release => {
  if (!file.endsWith(ARCHIVE))
    throw new Error(`${file}: name the archive of a release, weather-gateway-…${ARCHIVE}`);
  const base = file.slice(0, -ARCHIVE.length);
  const [text, signature] = ['.json', '.json.sig'].map((ending) => readFileSync(`${base}${ending}`, 'utf8'));
  const manifest = parseManifest(text ?? '');
  if (text === undefined || signature === undefined || manifest === undefined)
    throw new Error(`${base}.json is no manifest of a release`);
  const archive = readFileSync(file);
  const isWhole =
    archive.length === manifest.size &&
    createHash('sha256').update(archive).digest('hex') === manifest.sha256;
  if (!isWhole) throw new Error(`${file} is not the archive of its manifest: copy it again`);
  return { name: basename(file), manifest, text, signature, archive };
};

/** One version, each architecture once. */
export const readReleases = (files: readonly string[]): Release[] => {
  const releases = files.map(readRelease);
  const count = (key: 'version' | 'architecture'): number =>
    new Set(releases.map(({ manifest }) => manifest[key])).size;
  if (releases.length === 0)
    throw new Error('update: name the archive by --release FILE, one for each architecture');
  if (count('version') > 1 || count('architecture') < releases.length)
    throw new Error('the releases have to be of one version, each for another architecture');
  return releases;
};

/** Beside the errors, for a month. Another archive has another name. */
const placeOf = (bucket: string, { name, manifest }: Release) => ({
  Bucket: bucket,
  Key: `${RELEASES}/${manifest.sha256.slice(0, 16)}/${name}`,
});

export const uploadReleases = async (
  s3: S3Client,
  bucket: string,
  releases: readonly Release[],
): Promise<void> => {
  for (const release of releases)
    await s3.send(new PutObjectCommand({ ...placeOf(bucket, release), Body: release.archive }));
};

/** A job with URLs that begin to live now: `https://BUCKET.s3.REGION.amazonaws.com/…`, the only form that a station takes. */
export const updateDocument = async (
  s3: S3Client,
  bucket: string,
  releases: readonly Release[],
  hours: number,
): Promise<JobDocument> => {
  const expiresIn = hours * 3_600;
  const entries: UpdateDocument['releases'] = [];
  for (const release of releases) {
    const url = await getSignedUrl(s3, new GetObjectCommand(placeOf(bucket, release)), { expiresIn });
    entries.push({ manifest: release.text, signature: release.signature, url });
  }
  return checkDocument({ verb: 'update', releases: entries });
};
