import { fileURLToPath } from 'node:url';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { dataApiTargetFrom } from '../sql/data-api.ts';
import { openSession } from '../sql/data-api-session.ts';
import { loadStatements } from '../sql/warehouse-schema.ts';

/** Puts what was loaded into the final tables. What breaks off changes nothing: it is one transaction. */
export const handler = async (): Promise<void> => {
  const statements = loadStatements(fileURLToPath(new URL('sql/compact.sql', import.meta.url)));
  await openSession(new RedshiftDataClient(), dataApiTargetFrom(process.env)).transaction(statements);
};
