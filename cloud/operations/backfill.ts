import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { z } from 'zod';
import { formatError } from '../../src/weather/format.ts';
import type { Session } from '../sql/data-api-session.ts';
import { COPY_OPTIONS, columnList, type LandingTableKey, landingTables } from '../sql/landing-tables.ts';

const manifestSchema = z.object({
  entries: z.array(z.object({ url: z.string().startsWith('s3://') })).min(1),
});

type BackfillProps = {
  readonly s3: S3Client;
  readonly session: Session;
  readonly bucket: string;
  readonly copyRole: string;
  readonly isDryRun: boolean;
  readonly report: (line: string) => void;
};

/** Firehose writes the manifest of a COPY that it stopped trying under a folder `errors/`. */
const isManifest = (key: string): boolean =>
  /(^|\/)errors\/.*manifest/.test(key) && !key.startsWith('loaded/');

/** Which table: all files of a manifest lie in one table's folder. */
const tableOf = (urls: readonly string[], bucket: string): LandingTableKey => {
  const own = `s3://${bucket}/`;
  const stranger = urls.find((url) => !url.startsWith(own));
  if (stranger !== undefined) throw new Error(`a file of another bucket: ${stranger}`);
  const folders = new Set(urls.map((url) => url.slice(own.length).split('/')[0] ?? ''));
  const [folder = ''] = folders;
  if (folders.size !== 1 || !Object.hasOwn(landingTables, folder)) {
    throw new Error(`files of no table or of several: ${[...folders].join(', ')}`);
  }
  return folder as LandingTableKey;
};

/** A text literal of Redshift, where a backslash escapes as well. */
const sqlText = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

export const copyStatement = (table: LandingTableKey, manifestUrl: string, copyRole: string): string =>
  `COPY ${landingTables[table].name} (${columnList(landingTables[table])}) FROM ${sqlText(manifestUrl)} ` +
  `IAM_ROLE ${sqlText(copyRole)} MANIFEST ${COPY_OPTIONS}`;

const manifests = async (s3: S3Client, bucket: string): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket })) {
    keys.push(...Contents.flatMap(({ Key = '' }) => (isManifest(Key) ? [Key] : [])));
  }
  return keys.sort();
};

/** Out of the way, so that the next backfill does not load it again; twice would do no harm either. */
const keepAsLoaded = async (s3: S3Client, bucket: string, key: string): Promise<void> => {
  await s3.send(
    new CopyObjectCommand({
      Bucket: bucket,
      Key: `loaded/${key}`,
      CopySource: `${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`,
    }),
  );
  await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
};

/** Loads every manifest that Firehose left. Returns how many could not be loaded; those stay for the next time. */
export const backfill = async ({ s3, session, bucket, ...props }: BackfillProps): Promise<number> => {
  let failures = 0;
  const keys = await manifests(s3, bucket);
  for (const key of keys) {
    try {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      const { entries } = manifestSchema.parse(JSON.parse((await Body?.transformToString()) ?? ''));
      const table = tableOf(
        entries.map(({ url }) => url),
        bucket,
      );
      props.report(`${key}: ${entries.length} file(s) into ${landingTables[table].name}`);
      if (props.isDryRun) continue;
      await session.transaction([copyStatement(table, `s3://${bucket}/${key}`, props.copyRole)]);
      await keepAsLoaded(s3, bucket, key);
    } catch (error) {
      failures += 1;
      props.report(`${key}: ${formatError(error)}`);
    }
  }
  if (keys.length === 0) props.report('nothing to load');
  return failures;
};
