import { readFileSync } from 'node:fs';
import { Match } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { landingTables } from '../../../cloud/sql/landing-tables.ts';
import { findAnalyticsJar } from '../../../cloud/stack/analytics-jar.ts';
import { topicRules } from '../../../cloud/stack/topic-rules.ts';
import { statementsOf } from './policy-statements.ts';
import { type Synthesis, synthesize } from './synthesis.ts';

type Resource = { Type: string; Properties: Record<string, unknown>; DependsOn?: string[] };

const resourcesOf = ({ template }: Synthesis, type: string): [string, Resource][] =>
  Object.entries<Resource>(template.findResources(type) as Record<string, Resource>);

let synthesis: Synthesis;
beforeAll(() => {
  synthesis = synthesize({ profile: 'post', alertEmail: 'a@example.org', operatorEmail: 'o@example.org' });
});

describe("the stack with the post's numbers", () => {
  it('passes the CloudFormation validator and cdk-nag without a finding', () => {
    const own = 'Annotation::weather-gateway:analytics-jar-not-built';
    expect(synthesis.findings.filter(({ ruleName }) => !own.includes(ruleName))).toEqual([]);
  });

  it('has one rule a lane, each with an error action to S3 and its SQL', () => {
    const rules = resourcesOf(synthesis, 'AWS::IoT::TopicRule').map(([, { Properties }]) => Properties);
    expect(rules.length).toBe(6);
    for (const { sql } of topicRules('weather')) {
      synthesis.template.hasResourceProperties('AWS::IoT::TopicRule', {
        TopicRulePayload: {
          Sql: sql,
          AwsIotSqlVersion: '2016-03-23',
          ErrorAction: { S3: Match.objectLike({ Key: Match.stringLikeRegexp('^rules/') }) },
        },
      });
    }
  });

  it("gives a reading the post's two actions: Firehose towards Redshift, Kinesis towards the analytics", () => {
    synthesis.template.hasResourceProperties('AWS::IoT::TopicRule', {
      TopicRulePayload: {
        Sql: Match.stringLikeRegexp('/reading'),
        Actions: [
          { Firehose: Match.objectLike({ Separator: '\n', BatchMode: false }) },
          { Kinesis: Match.objectLike({ PartitionKey: `\${topic(2)}` }) },
        ],
      },
    });
    synthesis.template.hasResourceProperties('AWS::IoT::TopicRule', {
      TopicRulePayload: {
        Sql: Match.stringLikeRegexp('/backlog'),
        Actions: [
          { Firehose: Match.objectLike({ Separator: '\n', BatchMode: true }) },
          { Kinesis: Match.anyValue() },
        ],
      },
    });
  });

  it("loads every table with the post's buffer, named columns and JSON 'auto'", () => {
    const sensordata = {
      DataTableName: 'sensordata_landing',
      DataTableColumns: Match.stringLikeRegexp(
        '^deviceid,datetime,temperature,humidity,winddirection,windintensity,rainheight,',
      ),
      CopyOptions: Match.stringLikeRegexp("^JSON 'auto' GZIP"),
    };
    synthesis.template.hasResourceProperties('AWS::KinesisFirehose::DeliveryStream', {
      RedshiftDestinationConfiguration: {
        CopyCommand: sensordata,
        S3Configuration: Match.objectLike({
          BufferingHints: { IntervalInSeconds: 60, SizeInMBs: 1 },
          CompressionFormat: 'GZIP',
          Prefix: 'sensordata/',
        }),
        SecretsManagerConfiguration: Match.objectLike({ Enabled: true }),
        Username: Match.absent(),
        Password: Match.absent(),
      },
    });
    const tables = resourcesOf(synthesis, 'AWS::KinesisFirehose::DeliveryStream').flatMap(
      ([, { Properties }]) => {
        const redshift = Properties['RedshiftDestinationConfiguration'] as {
          CopyCommand: { DataTableName: string };
        };
        return redshift ? [redshift.CopyCommand.DataTableName] : [];
      },
    );
    expect(tables.toSorted()).toEqual(
      Object.values(landingTables)
        .map(({ name }) => name)
        .toSorted(),
    );
  });

  it('puts what the Flink job could not take into the errors bucket', () => {
    synthesis.template.hasResourceProperties('AWS::KinesisFirehose::DeliveryStream', {
      ExtendedS3DestinationConfiguration: Match.objectLike({
        BucketARN: { 'Fn::GetAtt': [Match.stringLikeRegexp('^StorageErrors'), 'Arn'] },
        Prefix: 'analytics-errors/',
        BufferingHints: { IntervalInSeconds: 60, SizeInMBs: 1 },
      }),
    });
  });

  it('makes the tables before anything can be copied into them', () => {
    const [[schema] = ['']] = resourcesOf(synthesis, 'Custom::WarehouseSchema');
    for (const [, { Properties, DependsOn = [] }] of resourcesOf(
      synthesis,
      'AWS::KinesisFirehose::DeliveryStream',
    )) {
      if (Properties['RedshiftDestinationConfiguration'] !== undefined) expect(DependsOn).toContain(schema);
    }
  });

  it('lets only Firehose of the region reach Redshift, and only over TLS', () => {
    synthesis.template.hasResourceProperties('AWS::EC2::SecurityGroup', {
      SecurityGroupIngress: [
        {
          CidrIp: '52.70.63.192/27',
          FromPort: 5439,
          ToPort: 5439,
          IpProtocol: 'tcp',
          Description: 'Firehose',
        },
      ],
    });
    synthesis.template.resourceCountIs('AWS::EC2::SecurityGroup', 1);
    synthesis.template.resourceCountIs('AWS::EC2::NatGateway', 0);
    synthesis.template.hasResourceProperties('AWS::RedshiftServerless::Workgroup', {
      ConfigParameters: [{ ParameterKey: 'require_ssl', ParameterValue: 'true' }],
      BaseCapacity: 4,
    });
    // 4 units for a whole day: with a load a minute Redshift never sleeps.
    synthesis.template.hasResourceProperties('Custom::RedshiftUsageLimit', { hoursPerDay: 96 });
  });

  it('runs the Flink job with checkpoints, snapshots and the properties it reads', () => {
    synthesis.template.hasResourceProperties('AWS::KinesisAnalyticsV2::Application', {
      RuntimeEnvironment: 'FLINK-2_2',
      ApplicationConfiguration: Match.objectLike({
        ApplicationSnapshotConfiguration: { SnapshotsEnabled: true },
        EnvironmentProperties: {
          PropertyGroups: [
            {
              PropertyGroupId: 'weather-analytics',
              PropertyMap: {
                'input.stream.arn': Match.anyValue(),
                'alerts.stream.arn': Match.anyValue(),
                'averages.delivery.stream': { Ref: Match.stringLikeRegexp('Deliveryaverages') },
                'errors.delivery.stream': { Ref: Match.stringLikeRegexp('Deliveryanalyticserrors') },
                'stations.uri': Match.anyValue(),
                'aws.region': 'us-east-1',
                'firehose.record.bytes': '512000',
              },
            },
          ],
        },
        FlinkApplicationConfiguration: Match.objectLike({
          CheckpointConfiguration: Match.objectLike({
            ConfigurationType: 'CUSTOM',
            CheckpointingEnabled: true,
          }),
        }),
      }),
    });
    const [[, started] = []] = resourcesOf(synthesis, 'Custom::AnalyticsStarted');
    const [[logging] = []] = resourcesOf(
      synthesis,
      'AWS::KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption',
    );
    const [[stationList] = []] = resourcesOf(synthesis, 'Custom::StationList');
    expect(started?.DependsOn).toEqual(expect.arrayContaining([logging, stationList]));
    synthesis.template.resourceCountIs('AWS::Kinesis::Stream', 2);
  });

  it('reads alerts in order, retries what failed alone, and puts it aside in S3 in the end', () => {
    synthesis.template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 60,
      MaximumRecordAgeInSeconds: 86_400,
      MaximumRetryAttempts: 10,
      BisectBatchOnFunctionError: true,
      ParallelizationFactor: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::GetAtt': [Match.stringLikeRegexp('^StorageErrors'), 'Arn'] } },
      },
    });
    synthesis.template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      TimeToLiveSpecification: { AttributeName: 'expiration', Enabled: true },
    });
    synthesis.template.hasResourceProperties('AWS::SNS::Subscription', {
      Endpoint: 'a@example.org',
      Protocol: 'email',
    });
    synthesis.template.hasResourceProperties('AWS::SNS::Subscription', {
      Endpoint: 'o@example.org',
      Protocol: 'email',
    });
  });

  it('runs every function on the current Node.js, without a managed policy', () => {
    const functions = resourcesOf(synthesis, 'AWS::Lambda::Function');
    expect(functions.map(([, { Properties }]) => Properties['Runtime'])).toEqual(
      Array(13).fill('nodejs24.x'),
    );
    for (const [, { Properties }] of resourcesOf(synthesis, 'AWS::IAM::Role')) {
      expect(Properties['ManagedPolicyArns']).toBeUndefined();
    }
  });

  it('encrypts what it stores and keeps it when the stack goes', () => {
    for (const [, bucket] of resourcesOf(synthesis, 'AWS::S3::Bucket')) {
      expect(bucket).toMatchObject({
        DeletionPolicy: 'Retain',
        Properties: {
          BucketEncryption: { ServerSideEncryptionConfiguration: [expect.anything()] },
          PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
        },
      });
    }
    synthesis.template.allResourcesProperties('AWS::Kinesis::Stream', {
      StreamEncryption: Match.objectLike({ EncryptionType: 'KMS' }),
      RetentionPeriodHours: 24,
    });
    synthesis.template.hasResource('AWS::RedshiftServerless::Namespace', {
      DeletionPolicy: 'RetainExceptOnCreate',
    });
  });

  it('deletes the reports of stations after a month, and what went wrong after a year', () => {
    synthesis.template.hasResourceProperties('AWS::S3::Bucket', {
      LifecycleConfiguration: {
        Rules: [
          { ExpirationInDays: 365, Status: 'Enabled' },
          { ExpirationInDays: 30, Prefix: 'diagnostics/', Status: 'Enabled' },
          { ExpirationInDays: 30, Prefix: 'releases/', Status: 'Enabled' },
        ],
      },
    });
  });

  it('has a runbook heading for every alarm, and no heading without an alarm', () => {
    const names = resourcesOf(synthesis, 'AWS::CloudWatch::Alarm').map(
      ([, { Properties }]) => String(Properties['AlarmDescription']).split(':')[0],
    );
    const page = readFileSync(new URL('../../../docs/cloud.md', import.meta.url), 'utf8');
    const headings = [...page.matchAll(/^### ([a-z-]+)$/gm)].map((match) => match[1]);

    expect(names.length).toBeGreaterThan(10);
    expect(headings.toSorted()).toEqual(names.toSorted());
  });

  it('sends every alarm to the operator', () => {
    synthesis.template.allResourcesProperties('AWS::CloudWatch::Alarm', {
      AlarmActions: [{ Ref: Match.stringLikeRegexp('^Operations') }],
    });
    synthesis.template.resourceCountIs('AWS::CloudWatch::Dashboard', 1);
  });

  it('rings when nobody reads the stream, or the job says nothing', () => {
    for (const name of ['readings-stream-age', 'analytics-down']) {
      synthesis.template.hasResourceProperties('AWS::CloudWatch::Alarm', {
        AlarmDescription: Match.stringLikeRegexp(`^${name}:`),
        EvaluationPeriods: 3,
        TreatMissingData: 'breaching',
      });
    }
  });

  it('refuses to be deployed without the Flink job', () => {
    const rules = JSON.stringify(synthesis.template.toJSON()['Rules'] ?? {});
    expect(rules.includes('The Flink job was not built')).toBe(!findAnalyticsJar(undefined).isBuilt);
  });
});

describe('IAM', () => {
  it('grants on everything only what AWS grants on nothing smaller', () => {
    const open = statementsOf(synthesis.template).filter(({ resources }) => resources.includes('*'));
    expect(open.flatMap(({ actions }) => actions).toSorted()).toEqual([
      'iot:ListCACertificates',
      'iot:ListCertificates',
      'iot:ListCertificatesByCA',
      ...Array<string>(3).fill('redshift-data:DescribeStatement'),
      ...Array<string>(3).fill('redshift-data:GetStatementResult'),
      'redshift-serverless:CreateUsageLimit',
      'redshift-serverless:DeleteUsageLimit',
      'redshift-serverless:ListUsageLimits',
      'redshift-serverless:UpdateUsageLimit',
    ]);
    for (const { actions, condition } of open) {
      if (actions[0]?.startsWith('redshift-data')) expect(condition).toBeDefined();
    }
  });
});
