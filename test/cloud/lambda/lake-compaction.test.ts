import { fileURLToPath } from 'node:url';
import { DeleteObjectsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, it, vi } from 'vitest';
import { lakeTables } from '../../../cloud/sql/lake-schema.ts';

const SQL = fileURLToPath(new URL('../../../cloud/sql', import.meta.url));

it('the compaction of the lake goes on with other days and tables where one fails, and fails at the end', async () => {
  const s3 = mockClient(S3Client);
  s3.on(ListObjectsV2Command).callsFake(({ Prefix = '', Delimiter }) =>
    Delimiter === undefined
      ? { Contents: [{ Key: `${Prefix}file.gz` }] }
      : { CommonPrefixes: ['2026-01-01', '2026-01-02'].map((day) => ({ Prefix: `${Prefix}${day}/` })) },
  );
  s3.on(DeleteObjectsCommand).resolves({});
  vi.stubEnv('DELIVERIES_BUCKET', 'deliveries');
  const { compactTables } = await import('../../../cloud/lambda/lake-compaction.ts');
  const session = {
    query: () => Promise.resolve([]),
    transaction: ([statement = '']: readonly string[]) =>
      /sensordata_days[\s\S]*2026-01-01/.test(statement)
        ? Promise.reject(new Error('exceeded limit'))
        : Promise.resolve(),
  };

  await expect(compactTables(session, lakeTables(SQL, false), '2026-01-03')).rejects.toThrow(
    /^sensordata 2026-01-01: exceeded limit$/,
  );

  const deleted = s3
    .commandCalls(DeleteObjectsCommand)
    .flatMap(({ args }) => args[0].input.Delete?.Objects?.map(({ Key }) => Key) ?? []);
  expect(deleted.length).toBe(9);
  expect(deleted).toEqual(
    expect.arrayContaining(['sensordata/day=2026-01-02/file.gz', 'health/day=2026-01-01/file.gz']),
  );
  expect(deleted).not.toContain('sensordata/day=2026-01-01/file.gz');
  vi.unstubAllEnvs();
});
