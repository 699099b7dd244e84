import {
  DescribeApplicationCommand,
  KinesisAnalyticsV2Client,
  ResourceNotFoundException,
  StartApplicationCommand,
  StopApplicationCommand,
} from '@aws-sdk/client-kinesis-analytics-v2';
import {
  CreateUsageLimitCommand,
  DeleteUsageLimitCommand,
  ListUsageLimitsCommand,
  RedshiftServerlessClient,
  UpdateUsageLimitCommand,
} from '@aws-sdk/client-redshift-serverless';
import { PutObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handler as startAnalytics } from '../../../cloud/lambda/analytics-starter.ts';
import { handler as makeStationList } from '../../../cloud/lambda/station-list.ts';
import { handler as limitUsage } from '../../../cloud/lambda/usage-limit.ts';
import { type AnswerAddress, openAnswerAddress, resourceEvent } from '../stack/cloud-formation.ts';

type RequestType = CloudFormationCustomResourceEvent['RequestType'];

let cloudFormation: AnswerAddress;
beforeEach(async () => {
  cloudFormation = await openAnswerAddress();
});
afterEach(() => cloudFormation.close());

const eventOf = (type: RequestType, properties: Record<string, string>) =>
  resourceEvent(type, cloudFormation.url, properties);

describe('the start of the Flink job', () => {
  const flink = mockClient(KinesisAnalyticsV2Client);
  const detail = (ApplicationStatus: 'READY' | 'RUNNING') => ({
    ApplicationDetail: {
      ApplicationARN: 'arn',
      ApplicationName: 'job',
      RuntimeEnvironment: 'FLINK-2_2' as const,
      ApplicationVersionId: 1,
      ApplicationStatus,
    },
  });
  const run = (type: RequestType) => startAnalytics(eventOf(type, { applicationName: 'job' }));
  beforeEach(() => {
    flink.reset();
  });

  it('starts what a deploy made, and answers CloudFormation', async () => {
    flink.on(DescribeApplicationCommand).resolvesOnce(detail('READY')).resolves(detail('RUNNING'));

    await run('Create');

    expect(
      flink.commandCalls(StartApplicationCommand).map(({ args }) => args[0].input.ApplicationName),
    ).toEqual(['job']);
    expect(cloudFormation.answers).toEqual([{ Status: 'SUCCESS', PhysicalResourceId: 'Resource' }]);
  });

  it('leaves alone what AWS restarted itself with new code, and stays the same resource', async () => {
    flink.on(DescribeApplicationCommand).resolves(detail('RUNNING'));

    await run('Update');

    expect(flink.commandCalls(StartApplicationCommand).length).toBe(0);
    expect(cloudFormation.answers).toEqual([{ Status: 'SUCCESS', PhysicalResourceId: 'made before' }]);
  });

  it('stops it before it is deleted', async () => {
    flink.on(DescribeApplicationCommand).resolvesOnce(detail('RUNNING')).resolves(detail('READY'));

    await run('Delete');

    expect(flink.commandCalls(StopApplicationCommand).length).toBe(1);
    expect(cloudFormation.answers).toMatchObject([{ Status: 'SUCCESS' }]);
  });

  it('tells CloudFormation why when it does not come up', async () => {
    flink.on(DescribeApplicationCommand).resolves(detail('READY'));

    await run('Create');

    expect(cloudFormation.answers).toMatchObject([
      { Status: 'FAILED', Reason: expect.stringContaining('READY instead of RUNNING') },
    ]);
  });

  it('is done with a job that somebody deleted, so that the stack can go', async () => {
    flink
      .on(DescribeApplicationCommand)
      .rejects(new ResourceNotFoundException({ message: 'none', $metadata: {} }));

    await run('Delete');
    await run('Update');

    expect(cloudFormation.answers).toMatchObject([{ Status: 'SUCCESS' }, { Status: 'FAILED' }]);
  });

  it('gives CloudFormation no longer answer than it takes, or the deploy would wait an hour for one', async () => {
    flink.on(DescribeApplicationCommand).rejects(new Error('🌧'.repeat(5_000)));

    await run('Create');

    // 4,096 bytes in all (AWS CloudFormation, custom resource response objects).
    expect(Buffer.byteLength(cloudFormation.answers[0]?.Reason ?? '')).toBeLessThan(3_000);
  });

  it('refuses a template that names no job', async () => {
    await startAnalytics(eventOf('Create', {}));

    expect(cloudFormation.answers).toMatchObject([
      { Status: 'FAILED', Reason: 'property applicationName is missing' },
    ]);
  });
});

describe('the daily limit of Redshift Serverless', () => {
  const redshift = mockClient(RedshiftServerlessClient);
  const limits = (...usageLimits: { usageLimitId: string; period: 'daily' | 'weekly' }[]) =>
    redshift.on(ListUsageLimitsCommand).resolves({ usageLimits });
  const run = (type: RequestType) =>
    limitUsage(eventOf(type, { resourceArn: 'arn:workgroup', hoursPerDay: '24' }));
  beforeEach(() => {
    redshift.reset();
  });

  it('is made where there is none, so that queries stop and not the bill alone is told of', async () => {
    limits({ usageLimitId: 'of somebody else', period: 'weekly' });

    await run('Create');

    expect(redshift.commandCalls(CreateUsageLimitCommand).map(({ args }) => args[0].input)).toEqual([
      {
        resourceArn: 'arn:workgroup',
        usageType: 'serverless-compute',
        period: 'daily',
        amount: 24,
        breachAction: 'deactivate',
      },
    ]);
    expect(cloudFormation.answers).toMatchObject([{ Status: 'SUCCESS' }]);
  });

  it('is changed where there is one', async () => {
    limits({ usageLimitId: 'limit', period: 'daily' });

    await run('Update');

    expect(redshift.commandCalls(CreateUsageLimitCommand).length).toBe(0);
    expect(redshift.commandCalls(UpdateUsageLimitCommand).map(({ args }) => args[0].input)).toEqual([
      { usageLimitId: 'limit', amount: 24, breachAction: 'deactivate' },
    ]);
  });

  it('goes with the stack, and is not missed when it is gone already', async () => {
    limits({ usageLimitId: 'limit', period: 'daily' });
    await run('Delete');
    limits();
    await run('Delete');

    expect(redshift.commandCalls(DeleteUsageLimitCommand).map(({ args }) => args[0].input)).toEqual([
      { usageLimitId: 'limit' },
    ]);
    expect(cloudFormation.answers.map(({ Status }) => Status)).toEqual(['SUCCESS', 'SUCCESS']);
  });
});

describe('the station list', () => {
  const s3 = mockClient(S3Client);
  const run = (type: RequestType) =>
    makeStationList(eventOf(type, { bucket: 'stations', key: 'stations.csv' }));
  beforeEach(() => {
    s3.reset();
  });

  it('is made with its header alone, and never over another', async () => {
    s3.on(PutObjectCommand).resolves({});

    await run('Create');

    expect(s3.commandCalls(PutObjectCommand).map(({ args }) => args[0].input)).toMatchObject([
      {
        Bucket: 'stations',
        Key: 'stations.csv',
        Body: 'deviceid,weatherstationname,timezone\n',
        IfNoneMatch: '*',
      },
    ]);
  });

  it.each(['PreconditionFailed', 'ConditionalRequestConflict'])('is left alone on %s', async (name) => {
    s3.on(PutObjectCommand).rejects(new S3ServiceException({ name, $fault: 'client', $metadata: {} }));

    await run('Update');

    expect(cloudFormation.answers).toMatchObject([{ Status: 'SUCCESS' }]);
  });

  it('fails the deploy when it cannot be made, and stays when the stack goes', async () => {
    s3.on(PutObjectCommand).rejects(new Error('Access Denied'));

    await run('Create');
    await run('Delete');

    expect(cloudFormation.answers).toMatchObject([
      { Status: 'FAILED', Reason: 'Access Denied' },
      { Status: 'SUCCESS' },
    ]);
  });
});
