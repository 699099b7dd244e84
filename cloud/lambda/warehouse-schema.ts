import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { dataApiTargetFrom } from '../sql/data-api.ts';
import { openSession, type Session } from '../sql/data-api-session.ts';
import { loadSchema, SCHEMA_VERSIONS_TABLE, transactionsToApply } from '../sql/warehouse-schema.ts';
import { customResource } from './custom-resource.ts';
import { requiredVariable } from './environment.ts';

const loginSchema = z.object({ username: z.string().regex(/^[a-z_]+$/), password: z.string().min(8) });

/** Redshift takes `md5` and the digest of password and name, so that no statement log ever shows the password. */
const passwordDigest = ({ username, password }: z.output<typeof loginSchema>): string =>
  `md5${createHash('md5').update(password).update(username).digest('hex')}`;

const loaderLogin = async (): Promise<z.output<typeof loginSchema>> => {
  const client = new SecretsManagerClient();
  const { SecretString } = await client.send(
    new GetSecretValueCommand({ SecretId: requiredVariable('LOADER_SECRET_ARN') }),
  );
  return loginSchema.parse(JSON.parse(SecretString ?? ''));
};

const setLogin = async (session: Session): Promise<void> => {
  const login = await loaderLogin();
  const known = await session.query(`SELECT 1 FROM pg_user WHERE usename = '${login.username}'`);
  const verb = known.length > 0 ? 'ALTER' : 'CREATE';
  await session.query(`${verb} USER ${login.username} PASSWORD '${passwordDigest(login)}'`);
};

const apply = async (): Promise<void> => {
  const session = openSession(new RedshiftDataClient(), dataApiTargetFrom(process.env));
  await setLogin(session);
  await session.query(SCHEMA_VERSIONS_TABLE);
  const rows = await session.query('SELECT file, checksum FROM schema_versions ORDER BY applied');
  const applied = new Map(rows.map(([file, checksum]) => [String(file), String(checksum)]));
  const files = loadSchema(fileURLToPath(new URL('sql', import.meta.url)));
  for (const statements of transactionsToApply(files, applied)) await session.transaction(statements);
};

/** A stack that goes leaves the tables where they are. */
export const handler = customResource(async ({ type }) => {
  if (type !== 'Delete') await apply();
});
