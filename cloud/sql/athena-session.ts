import { setTimeout as delay } from 'node:timers/promises';
import {
  type AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import type { Session } from './data-api-session.ts';

/** Where Athena finds the lake; its three callers (functions) share this. */
export type AthenaTarget = { readonly database: string; readonly workGroup: string };

const POLL_MS = 1000;

/** SQL on the files of the lake. Athena has no transaction: the statements run one after the other. */
export const openAthenaSession = (
  client: AthenaClient,
  { database, workGroup }: AthenaTarget,
  pollMs: number = POLL_MS,
): Session => {
  const run = async (statement: string): Promise<string> => {
    const { QueryExecutionId } = await client.send(
      new StartQueryExecutionCommand({
        QueryString: statement,
        QueryExecutionContext: { Database: database },
        WorkGroup: workGroup,
      }),
    );
    if (QueryExecutionId === undefined) throw new Error('Athena gave no query id');
    for (;;) {
      const { QueryExecution } = await client.send(new GetQueryExecutionCommand({ QueryExecutionId }));
      const { State, StateChangeReason } = QueryExecution?.Status ?? {};
      if (State === 'SUCCEEDED') return QueryExecutionId;
      if (State === 'FAILED' || State === 'CANCELLED') {
        throw new Error(`SQL failed: ${StateChangeReason ?? State}`);
      }
      await delay(pollMs);
    }
  };
  return {
    async transaction(statements) {
      for (const statement of statements) await run(statement);
    },
    async query(statement) {
      const QueryExecutionId = await run(statement);
      const { ResultSet } = await client.send(new GetQueryResultsCommand({ QueryExecutionId }));
      // The first row of a SELECT has the names.
      return (ResultSet?.Rows ?? [])
        .slice(1)
        .map(({ Data = [] }) => Data.map(({ VarCharValue }) => VarCharValue ?? null));
    },
  };
};

/** As environment of a function. */
export const athenaEnvironment = ({ database, workGroup }: AthenaTarget): Record<string, string> => ({
  LAKE_DATABASE: database,
  LAKE_WORKGROUP: workGroup,
});

/** `undefined` in a profile without a lake. */
export const athenaTargetFrom = (
  environment: Readonly<Record<string, string | undefined>>,
): AthenaTarget | undefined => {
  const { LAKE_DATABASE: database, LAKE_WORKGROUP: workGroup } = environment;
  return database === undefined || workGroup === undefined ? undefined : { database, workGroup };
};
