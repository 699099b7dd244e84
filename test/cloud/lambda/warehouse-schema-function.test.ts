import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { bundleFunction } from '../../../cloud/stack/bundle.ts';
import { openWarehouse, type Row, type Warehouse } from '../../system/stand-ins/warehouse.ts';
import { type AnswerAddress, openAnswerAddress, resourceEvent } from '../stack/cloud-formation.ts';

const LOGIN = { username: 'firehose_loader', password: 'not-to-be-seen-in-any-log' };
const request = z.object({
  Id: z.string().optional(),
  Sql: z.string().optional(),
  Sqls: z.array(z.string()).optional(),
});

type Outcome = { readonly rows: readonly Row[] } | { readonly error: string };

/** Stand-in for the Data API and Secrets Manager: statements run in the stand-in for Redshift. */
const createAws = (warehouse: Warehouse) => {
  const outcomes: Outcome[] = [];
  const statements: string[] = [];
  const run = async (sqls: readonly string[]): Promise<object> => {
    statements.push(...sqls);
    const outcome = await warehouse.execute(sqls).then(
      (rows): Outcome => ({ rows }),
      (error: unknown): Outcome => ({ error: String(error) }),
    );
    return { Id: String(outcomes.push(outcome) - 1) };
  };
  const answer = (action: string, body: unknown): object | Promise<object> => {
    const { Id, Sql = '', Sqls = [] } = request.parse(body);
    const outcome = outcomes[Number(Id)] ?? { rows: [] };
    switch (action) {
      case 'GetSecretValue':
        return { SecretString: JSON.stringify(LOGIN) };
      case 'ExecuteStatement':
        return run([Sql]);
      case 'BatchExecuteStatement':
        return run(Sqls);
      case 'DescribeStatement':
        return 'error' in outcome
          ? { Id, Status: 'FAILED', Error: outcome.error }
          : { Id, Status: 'FINISHED', HasResultSet: outcome.rows.length > 0 };
      case 'GetStatementResult':
        return {
          Records: ('rows' in outcome ? outcome.rows : []).map((row) =>
            Object.values(row).map((value) => ({ stringValue: String(value) })),
          ),
        };
      default:
        throw new Error(`${action} is not stood in for`);
    }
  };
  return { statements, answer };
};

type Handler = (event: CloudFormationCustomResourceEvent) => Promise<void>;

describe('the function that applies the SQL, as it is deployed', () => {
  const folder = bundleFunction('warehouse-schema', 'sql');
  let warehouse: Warehouse;
  let aws: ReturnType<typeof createAws>;
  let server: Server;
  let cloudFormation: AnswerAddress;
  let handler: Handler;

  beforeAll(async () => {
    warehouse = await openWarehouse();
    // The function makes this user itself.
    await warehouse.execute([`DROP ROLE ${LOGIN.username}`]);
    aws = createAws(warehouse);
    server = createServer((incoming, response) => {
      const action = String(incoming.headers['x-amz-target']).split('.').at(-1) ?? '';
      json(incoming)
        .then((body) => aws.answer(action, body))
        .then((answer) =>
          response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify(answer)),
        )
        .catch((error) => response.writeHead(400).end(String(error)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP port was expected');
    const endpoint = `http://127.0.0.1:${address.port}`;
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local');
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
    vi.stubEnv('DATABASE', 'weather');
    vi.stubEnv('ADMIN_SECRET_ARN', 'admin');
    vi.stubEnv('LOADER_SECRET_ARN', 'loader');
    cloudFormation = await openAnswerAddress();
    const bundle: { handler: Handler } = await import(join(folder, 'index.mjs'));
    handler = bundle.handler;
  });
  afterEach(() => {
    aws.statements.length = 0;
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
    await cloudFormation.close();
    await warehouse.close();
    rmSync(folder, { recursive: true });
  });

  const apply = async (type: 'Create' | 'Update' | 'Delete') => {
    await handler(resourceEvent(type, cloudFormation.url));
    return cloudFormation.answers.at(-1);
  };

  it('makes tables, views and the user that Firehose logs in as', async () => {
    expect(await apply('Create')).toEqual({ Status: 'SUCCESS', PhysicalResourceId: 'Resource' });

    for (const view of ['sensordata', 'sensordata_avgs', 'sensordata_gaps', 'prealerts', 'station_health']) {
      expect(await warehouse.query(`SELECT * FROM ${view}`)).toEqual([]);
    }
    expect(await warehouse.query(`SELECT usename FROM pg_user WHERE usename = '${LOGIN.username}'`)).toEqual([
      { usename: LOGIN.username },
    ]);
  });

  it('never sends the password, only its digest', async () => {
    await apply('Update');

    expect(aws.statements.join('\n')).toMatch(/ALTER USER firehose_loader PASSWORD 'md5[0-9a-f]{32}'/);
    expect(aws.statements.join('\n')).not.toContain(LOGIN.password);
  });

  it('applies the views again, and no table a second time', async () => {
    await apply('Update');

    expect(aws.statements.some((sql) => sql.startsWith('CREATE TABLE sensordata_landing'))).toBe(false);
    expect(aws.statements.some((sql) => sql.startsWith('CREATE OR REPLACE VIEW sensordata '))).toBe(true);
  });

  it('tells CloudFormation what the database said when it fails', async () => {
    await warehouse.query(
      "UPDATE schema_versions SET checksum = 'other' WHERE file = '001-landing-tables.sql'",
    );

    expect(await apply('Update')).toMatchObject({
      Status: 'FAILED',
      Reason: expect.stringContaining('001-landing-tables.sql was changed after the warehouse applied it'),
    });
  });

  it('leaves the tables where they are when the stack goes', async () => {
    expect(await apply('Delete')).toMatchObject({ Status: 'SUCCESS' });
    expect(aws.statements).toEqual([]);
  });
});
