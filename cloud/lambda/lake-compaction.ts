import { fileURLToPath } from 'node:url';
import { AthenaClient } from '@aws-sdk/client-athena';
import { DeleteObjectsCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { formatError } from '../../src/weather/format.ts';
import { athenaTargetFrom, openAthenaSession } from '../sql/athena-session.ts';
import type { Session } from '../sql/data-api-session.ts';
import { compactDay, type LakeTable, lakeTables } from '../sql/lake-schema.ts';
import { requiredVariable } from './environment.ts';

const DAY_MS = 86_400_000;
/** S3 deletes so many objects in one request. */
const DELETED_AT_ONCE = 1000;

const s3 = new S3Client();
const bucket = requiredVariable('DELIVERIES_BUCKET');

/** Days of a table that nothing is added to any more: Firehose retries for a day. */
const settledDays = async ({ key }: LakeTable, beforeDay: string): Promise<string[]> => {
  const days: string[] = [];
  const pages = paginateListObjectsV2(
    { client: s3 },
    { Bucket: bucket, Prefix: `${key}/day=`, Delimiter: '/' },
  );
  for await (const { CommonPrefixes = [] } of pages) {
    days.push(...CommonPrefixes.map(({ Prefix = '' }) => Prefix.slice(`${key}/day=`.length, -1)));
  }
  return days.filter((day) => /^\d{4}-\d\d-\d\d$/.test(day) && day < beforeDay).sort();
};

const filesOf = async ({ key }: LakeTable, day: string): Promise<string[]> => {
  const files: string[] = [];
  const pages = paginateListObjectsV2({ client: s3 }, { Bucket: bucket, Prefix: `${key}/day=${day}/` });
  for await (const { Contents = [] } of pages) files.push(...Contents.map(({ Key = '' }) => Key));
  return files;
};

const deleteFiles = async (files: readonly string[]): Promise<void> => {
  for (let from = 0; from < files.length; from += DELETED_AT_ONCE) {
    const Objects = files.slice(from, from + DELETED_AT_ONCE).map((Key) => ({ Key }));
    const { Errors = [] } = await s3.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    if (Errors.length > 0) throw new Error(`${Errors[0]?.Key}: ${Errors[0]?.Message}`);
  }
};

/** A day that fails holds no other up; the error at the end names each. */
export const compactTables = async (
  session: Session,
  tables: readonly LakeTable[],
  beforeDay: string,
): Promise<void> => {
  const problems: string[] = [];
  for (const table of tables) {
    for (const day of await settledDays(table, beforeDay)) {
      try {
        // Before the query, so that nothing is deleted which it has not read.
        const files = await filesOf(table, day);
        await session.transaction([compactDay(table, day)]);
        await deleteFiles(files);
      } catch (error) {
        problems.push(`${table.key} ${day}: ${formatError(error)}`);
      }
    }
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
};

/**
 * Once a day: the many small files of each finished day become one file of columns, which costs less to read. The views
 * show a row once that is in both, so a run that breaks off is repeated the next day. The bucket keeps what is deleted
 * here for 30 days.
 */
export const handler = async (): Promise<void> => {
  const target = athenaTargetFrom(process.env);
  if (!target) throw new Error('no lake in the environment');
  const session = openAthenaSession(new AthenaClient(), target);
  const beforeDay = new Date(Date.now() - DAY_MS).toISOString().slice(0, 10);
  const folder = fileURLToPath(new URL('sql', import.meta.url));
  await compactTables(session, lakeTables(folder, requiredVariable('HAS_ANALYTICS') === 'true'), beforeDay);
};
