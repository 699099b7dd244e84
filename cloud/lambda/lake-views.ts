import { fileURLToPath } from 'node:url';
import { AthenaClient } from '@aws-sdk/client-athena';
import { athenaTargetFrom, openAthenaSession } from '../sql/athena-session.ts';
import { lakeViews } from '../sql/lake-schema.ts';
import { customResource } from './custom-resource.ts';
import { requiredVariable } from './environment.ts';

/** Makes the views by Athena itself, which works out the types of their columns. They go with their database. */
export const handler = customResource(async ({ type }) => {
  if (type === 'Delete') return;
  const target = athenaTargetFrom(process.env);
  if (!target) throw new Error('no lake in the environment');
  const folder = fileURLToPath(new URL('sql', import.meta.url));
  const views = lakeViews(folder, requiredVariable('HAS_ANALYTICS') === 'true');
  await openAthenaSession(new AthenaClient(), target).transaction(views);
});
