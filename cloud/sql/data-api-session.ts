import { setTimeout as delay } from 'node:timers/promises';
import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  ExecuteStatementCommand,
  type Field,
  GetStatementResultCommand,
  type RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import type { DataApiTarget } from './data-api.ts';

export type Session = {
  /** All or nothing, in one transaction; at most 40 statements (Data API). */
  transaction(statements: readonly string[]): Promise<void>;
  query(statement: string): Promise<(string | number | null)[][]>;
};

const POLL_MS = 1000;

const cell = (field: Field): string | number | null =>
  field.stringValue ?? field.longValue ?? field.doubleValue ?? null;

/** SQL on Redshift without a connection: the Data API runs a statement, and is asked until it has. */
export const openSession = (
  client: RedshiftDataClient,
  target: DataApiTarget,
  pollMs: number = POLL_MS,
): Session => {
  const where = {
    Database: target.database,
    SecretArn: target.secretArn,
    WorkgroupName: target.workgroupName,
    ClusterIdentifier: target.clusterIdentifier,
  };
  const finish = async (id: string | undefined): Promise<string> => {
    if (id === undefined) throw new Error('the Data API gave no statement id');
    for (;;) {
      const { Status, Error: reason } = await client.send(new DescribeStatementCommand({ Id: id }));
      if (Status === 'FINISHED') return id;
      if (Status === 'FAILED' || Status === 'ABORTED') throw new Error(`SQL failed: ${reason ?? Status}`);
      await delay(pollMs);
    }
  };
  return {
    async transaction(statements) {
      const { Id } = await client.send(new BatchExecuteStatementCommand({ ...where, Sqls: [...statements] }));
      await finish(Id);
    },
    async query(statement) {
      const { Id } = await client.send(new ExecuteStatementCommand({ ...where, Sql: statement }));
      const id = await finish(Id);
      const { HasResultSet } = await client.send(new DescribeStatementCommand({ Id: id }));
      if (HasResultSet !== true) return [];
      const { Records = [] } = await client.send(new GetStatementResultCommand({ Id: id }));
      return Records.map((record) => record.map(cell));
    },
  };
};
