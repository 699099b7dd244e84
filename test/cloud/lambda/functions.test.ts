import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeCertificateCommand,
  IoTClient,
  ListCACertificatesCommand,
  ListCertificatesByCACommand,
  ListCertificatesCommand,
  ListThingPrincipalsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-iot';
import {
  DescribeStatementCommand,
  ExecuteStatementCommand,
  GetStatementResultCommand,
  RedshiftDataClient,
} from '@aws-sdk/client-redshift-data';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { handler as checkDaily } from '../../../cloud/lambda/daily-check.ts';
import { handler as mayProvision } from '../../../cloud/lambda/provisioning-hook.ts';
import { createCertificateAuthority } from '../../../src/certificate/certificate-authority.ts';

const iot = mockClient(IoTClient);
const DAY_MS = 86_400_000;

beforeEach(() => {
  iot.reset();
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

describe('the hook of fleet provisioning', () => {
  const dynamo = mockClient(DynamoDBClient);
  let certificatePem: string;
  const ask = (parameters: Record<string, string>, claimCertificateId = 'claim') =>
    mayProvision({ parameters, claimCertificateId, certificatePem });
  const refuse = new ConditionalCheckFailedException({
    message: 'The conditional request failed',
    $metadata: {},
  });
  const listed = { name: { S: 'UK-Lancing' }, endpoint: { S: 'a1.example' } };
  beforeAll(async () => {
    certificatePem = (await (await createCertificateAuthority('AWS')).issueClient('card')).certificate;
  });
  beforeEach(() => {
    dynamo.reset();
    vi.stubEnv('CLAIMS_TABLE', 'claims');
    dynamo.on(UpdateItemCommand).rejects(refuse);
    dynamo.on(UpdateItemCommand, { Key: { id: { S: '1' } } }).resolves({ Attributes: listed });
    dynamo.on(GetItemCommand).resolves({});
    dynamo
      .on(GetItemCommand, { Key: { id: { S: 'serial#10000000abcdef01' } } })
      .resolves({ Item: { station: { S: '1' } } });
    iot
      .on(ListThingPrincipalsCommand)
      .rejects(new ResourceNotFoundException({ message: 'none', $metadata: {} }));
  });
  const parameterOverrides = { StationId: '1', StationName: 'UK-Lancing', Endpoint: 'a1.example' };

  it('lets in a listed station that is no thing yet, and says how it is called', async () => {
    expect(await ask({ StationId: '1' })).toEqual({ allowProvisioning: true, parameterOverrides });
  });

  it('finds the station of a board by one key, however its number is written', async () => {
    expect(await ask({ SerialNumber: '10000000ABCDEF01', StationId: '9' })).toEqual({
      allowProvisioning: true,
      parameterOverrides,
    });
    expect(dynamo.commandCalls(UpdateItemCommand)[0]?.args[0].input.ConditionExpression).toContain(
      'serial = :serial',
    );
    expect(await ask({ SerialNumber: 'another-board' })).toEqual({ allowProvisioning: false });
  });

  it('lets in a listed station whose certificates were taken away', async () => {
    iot.on(ListThingPrincipalsCommand).resolves({ principals: [] });

    expect(await ask({ StationId: '1' })).toMatchObject({ allowProvisioning: true });
  });

  it('asks for the key that was let in before where the station has a certificate', async () => {
    iot.on(ListThingPrincipalsCommand).resolves({ principals: ['arn:aws:iot:r:1:cert/abc'] });

    await ask({ StationId: '1' });

    const [call] = dynamo.commandCalls(UpdateItemCommand);
    expect(call?.args[0].input.ConditionExpression).toBe(
      'attribute_not_exists(serial) AND (#state = :used AND #key = :key)',
    );
    expect(Object.keys(call?.args[0].input.ExpressionAttributeValues ?? {}).sort()).toEqual([
      ':key',
      ':now',
      ':used',
    ]);
  });

  it('looks at every page of the certificates of a station', async () => {
    iot
      .on(ListThingPrincipalsCommand)
      .resolves({ principals: [], nextToken: 'more' })
      .on(ListThingPrincipalsCommand, { thingName: '1', nextToken: 'more' })
      .resolves({ principals: ['arn:aws:iot:r:1:cert/abc'] });

    await ask({ StationId: '1' });

    expect(dynamo.commandCalls(UpdateItemCommand)[0]?.args[0].input.ConditionExpression).toContain(
      '(#state = :used AND #key = :key)',
    );
    expect(dynamo.commandCalls(UpdateItemCommand)[0]?.args[0].input.ConditionExpression).not.toContain(
      ':expected',
    );
  });

  it('lets a station renew its own certificate, and nobody else, and not a station that was revoked', async () => {
    iot.on(ListThingPrincipalsCommand).rejects(new ResourceNotFoundException({ message: '', $metadata: {} }));
    iot
      .on(ListThingPrincipalsCommand, { thingName: '7' })
      .resolves({ principals: ['arn:aws:iot:r:1:cert/own'] });
    const names = { StationId: '7', StationName: '', Endpoint: '' };

    expect(await ask({ StationId: '7' }, 'own')).toEqual({
      allowProvisioning: true,
      parameterOverrides: names,
    });
    expect(await ask({ StationId: '8' }, 'own')).toEqual({ allowProvisioning: false });
    expect(await ask({ StationId: '7' }, 'of another station')).toEqual({ allowProvisioning: false });
    dynamo.on(GetItemCommand, { Key: { id: { S: '7' } } }).resolves({ Item: { state: { S: 'revoked' } } });
    expect(await ask({ StationId: '7' }, 'own')).toEqual({ allowProvisioning: false });
  });

  it('refuses who is not listed, and who names nobody', async () => {
    expect(await ask({ StationId: '2' })).toEqual({ allowProvisioning: false });
    expect(await ask({ SerialNumber: '' })).toEqual({ allowProvisioning: false });
    expect(await ask({})).toEqual({ allowProvisioning: false });
  });

  it('lets nobody in when it cannot tell: the error is the answer', async () => {
    iot.on(ListThingPrincipalsCommand).rejects(new Error('throttled'));

    await expect(ask({ StationId: '1' })).rejects.toThrow('throttled');
  });
});

describe('the daily check', () => {
  const data = mockClient(RedshiftDataClient);
  const remembered = mockClient(DynamoDBClient);
  const sns = mockClient(SNSClient);
  const written = async (): Promise<Record<string, unknown>> => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    await checkDaily({});
    const [[line] = ['']] = write.mock.calls;
    write.mockRestore();
    return JSON.parse(String(line));
  };
  const endsIn = (days: number) => ({
    certificateDescription: { validity: { notAfter: new Date(Date.now() + days * DAY_MS) } },
  });
  beforeEach(() => {
    data.reset();
    remembered.reset();
    sns.reset();
    remembered.on(GetItemCommand).resolves({});
    sns.on(PublishCommand).resolves({ MessageId: 'm' });
    vi.stubEnv('SENT_MAILS_TABLE', 'sent-mails');
    vi.stubEnv('TOPIC_ARN', 'operations');
    iot.on(ListCertificatesCommand).resolves({
      certificates: [
        { certificateId: 'a', status: 'ACTIVE', certificateMode: 'SNI_ONLY' },
        { certificateId: 'of AWS', status: 'ACTIVE', certificateMode: 'DEFAULT' },
        { certificateId: 'revoked', status: 'REVOKED', certificateMode: 'SNI_ONLY' },
      ],
    });
    iot.on(ListCACertificatesCommand).resolves({ certificates: [{ certificateId: 'ca' }] });
    iot
      .on(ListCertificatesByCACommand, { caCertificateId: 'ca' })
      .resolves({ certificates: [{ certificateId: 'b', status: 'ACTIVE' }] });
    iot.on(DescribeCertificateCommand, { certificateId: 'a' }).resolves(endsIn(400));
    iot.on(DescribeCertificateCommand, { certificateId: 'b' }).resolves(endsIn(20));
  });

  it('writes the days of the certificate that ends first, as a metric that CloudWatch reads', async () => {
    const line = await written();

    expect(line['CertificateDaysLeft']).toBeCloseTo(20, 1);
    expect(line['_aws']).toMatchObject({
      CloudWatchMetrics: [
        { Namespace: 'WeatherGateway', Metrics: [{ Name: 'CertificateDaysLeft', Unit: 'Count' }] },
      ],
    });
  });

  it('is calm where there is no certificate yet', async () => {
    iot.on(ListCertificatesCommand).resolves({ certificates: [] });
    iot.on(ListCACertificatesCommand).resolves({ certificates: [] });

    expect(await written()).toMatchObject({ CertificateDaysLeft: 36_500 });
  });

  it('asks 401 times for a hundred thousand stations, whose certificates AWS IoT signed', async () => {
    const page = Array.from({ length: 250 }, (_, n) => ({
      certificateId: String(n),
      status: 'ACTIVE' as const,
      certificateMode: 'DEFAULT' as const,
    }));
    let pages = 0;
    iot.on(ListCertificatesCommand).callsFake(() => {
      pages += 1;
      return { certificates: page, ...(pages < 400 ? { nextMarker: String(pages) } : {}) };
    });
    iot.on(ListCACertificatesCommand).resolves({ certificates: [] });

    expect(await written()).toMatchObject({ CertificateDaysLeft: 36_500 });
    expect(iot.calls().length).toBe(401);
  });

  it('counts what COPY skipped and what nobody explains, where there is a warehouse', async () => {
    vi.stubEnv('DATABASE', 'weather');
    vi.stubEnv('ADMIN_SECRET_ARN', 'secret');
    vi.stubEnv('WORKGROUP', 'weathergateway');
    data.on(ExecuteStatementCommand).callsFake(({ Sql }: { Sql: string }) => ({
      Id: Sql.includes('sys_load_error_detail')
        ? 'errors'
        : Sql.includes('station_health')
          ? 'stations'
          : 'missing',
    }));
    data.on(DescribeStatementCommand).resolves({ Status: 'FINISHED', HasResultSet: true });
    data.on(GetStatementResultCommand, { Id: 'errors' }).resolves({ Records: [[{ longValue: 3 }]] });
    data.on(GetStatementResultCommand, { Id: 'missing' }).resolves({ Records: [[{ stringValue: '12' }]] });
    const silent = [{ longValue: 1 }, { stringValue: '2020-05-20 15:00:00' }, { longValue: 0 }];
    data.on(GetStatementResultCommand, { Id: 'stations' }).resolves({
      Records: [[{ stringValue: '7' }, { isNull: true }, ...silent, { isNull: true }, { isNull: true }]],
    });

    expect(await written()).toMatchObject({
      LoadErrors: 3,
      MissingReadings: 12,
      StationsTwice: 12,
    });
    expect(sns.commandCalls(PublishCommand)[0]?.args[0].input).toMatchObject({
      TopicArn: 'operations',
      Message:
        'Weather station "7" (7): nothing has arrived since 2020-05-20 15:00:00 UTC. ' +
        'station-silent: see docs/operations.md#station-silent',
    });
    const [remember] = remembered.commandCalls(PutItemCommand);
    expect(remember?.args[0].input).toMatchObject({
      TableName: 'sent-mails',
      Item: { id: { S: 'station-alarms' }, mailed: { S: '["station-silent/7"]' } },
    });
    expect(remember?.args[0].input.Item).not.toHaveProperty('expiration');

    // The next day it still stands.
    remembered.on(GetItemCommand).resolves({ Item: remember?.args[0].input.Item ?? {} });
    await written();
    expect(sns.commandCalls(PublishCommand).length).toBe(1);

    // In the hours between, the stations alone.
    const asked = data.commandCalls(ExecuteStatementCommand).length;
    const looked = iot.calls().length;
    await checkDaily({ round: 'hourly' });
    expect(data.commandCalls(ExecuteStatementCommand).length).toBe(asked + 1);
    expect(iot.calls().length).toBe(looked);
    expect(sns.commandCalls(PublishCommand).length).toBe(1);
    expect(data.commandCalls(ExecuteStatementCommand)[0]?.args[0].input).toMatchObject({
      Database: 'weather',
      SecretArn: 'secret',
      WorkgroupName: 'weathergateway',
    });
  });

  it('asks the tables of a lake by Athena', async () => {
    const athena = mockClient(AthenaClient);
    vi.stubEnv('LAKE_DATABASE', 'weather');
    vi.stubEnv('LAKE_WORKGROUP', 'weather-1');
    athena.on(StartQueryExecutionCommand).resolves({ QueryExecutionId: 'q' });
    athena.on(GetQueryExecutionCommand).resolves({ QueryExecution: { Status: { State: 'SUCCEEDED' } } });
    athena.on(GetQueryResultsCommand).resolves({
      ResultSet: { Rows: [{ Data: [{ VarCharValue: '_col0' }] }, { Data: [{ VarCharValue: '4' }] }] },
    });
    const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);

    await checkDaily({});

    expect(JSON.parse(String(written.mock.calls.at(-1)?.[0]))).toMatchObject({
      MissingReadings: 4,
      StationsTwice: 4,
    });
    const [first] = athena.commandCalls(StartQueryExecutionCommand);
    expect(first?.args[0].input).toMatchObject({
      QueryString: expect.stringContaining("DATE_ADD('hour', -48, CAST(CURRENT_TIMESTAMP AT TIME ZONE 'UTC'"),
      WorkGroup: 'weather-1',
      QueryExecutionContext: { Database: 'weather' },
    });

    athena.on(GetQueryExecutionCommand).resolves({
      QueryExecution: { Status: { State: 'FAILED', StateChangeReason: 'SYNTAX_ERROR: line 1' } },
    });
    await expect(checkDaily({})).rejects.toThrow('SQL failed: SYNTAX_ERROR: line 1');
  });
});
