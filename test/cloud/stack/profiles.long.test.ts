import { Match } from 'aws-cdk-lib/assertions';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { describe, expect, it } from 'vitest';
import { synthesize } from './synthesis.ts';

const SYNTHESIS_MS = 240_000;
const HOURLY = 'cron(45 * * * ? *)';

describe('the settings', () => {
  it(
    'make an archive without Redshift and Flink',
    () => {
      const { template, findings } = synthesize({ profile: 'archive' });

      expect(findings).toEqual([]);
      template.resourceCountIs('AWS::RedshiftServerless::Workgroup', 0);
      template.resourceCountIs('AWS::KinesisAnalyticsV2::Application', 0);
      template.resourceCountIs('AWS::EC2::VPC', 0);
      template.resourceCountIs('AWS::Kinesis::Stream', 0);
      template.allResourcesProperties('AWS::KinesisFirehose::DeliveryStream', {
        ExtendedS3DestinationConfiguration: Match.objectLike({ CompressionFormat: 'GZIP' }),
      });
    },
    SYNTHESIS_MS,
  );

  it(
    'choose the buffer, the daily limit and the region, whose Firehose alone gets in',
    () => {
      const { template } = synthesize({
        profile: 'tables',
        bufferSeconds: 300,
        bufferMegabytes: 5,
        warehouseDailyLimit: 7,
        region: 'eu-west-2',
      });

      template.allResourcesProperties('AWS::KinesisFirehose::DeliveryStream', {
        RedshiftDestinationConfiguration: Match.objectLike({
          S3Configuration: Match.objectLike({ BufferingHints: { IntervalInSeconds: 300, SizeInMBs: 5 } }),
        }),
      });
      template.hasResourceProperties('Custom::RedshiftUsageLimit', { hoursPerDay: 7 });
      // Each question would wake the warehouse for a minute.
      template.resourcePropertiesCountIs('AWS::Events::Rule', { ScheduleExpression: HOURLY }, 0);
      template.hasResourceProperties('AWS::EC2::SecurityGroup', {
        SecurityGroupIngress: [
          Match.objectLike({ CidrIp: RegionInfo.get('eu-west-2').firehoseCidrBlock, FromPort: 5439 }),
        ],
      });
    },
    SYNTHESIS_MS,
  );

  it(
    'make a lake: a folder for each day, tables and views over it, and mails straight from the rules',
    () => {
      const { template, findings } = synthesize({ profile: 'lake' }, '123456789012');

      expect(findings).toEqual([]);
      template.hasResourceProperties('AWS::Events::Rule', {
        ScheduleExpression: HOURLY,
        Targets: [Match.objectLike({ Input: '{"round":"hourly"}' })],
      });
      for (const absent of [
        'Kinesis::Stream',
        'RedshiftServerless::Workgroup',
        'SecretsManager::Secret',
        'EC2::VPC',
      ]) {
        template.resourceCountIs(`AWS::${absent}`, 0);
      }
      template.allResourcesProperties('AWS::KinesisFirehose::DeliveryStream', {
        ExtendedS3DestinationConfiguration: Match.objectLike({
          Prefix: Match.stringLikeRegexp('^[a-z]+/day=!{timestamp:yyyy-MM-dd}/$'),
          ErrorOutputPrefix: Match.stringLikeRegexp('^[a-z]+/failed/!{firehose:error-output-type}/$'),
          BufferingHints: { IntervalInSeconds: 900, SizeInMBs: 128 },
        }),
      });
      template.hasResourceProperties('AWS::Glue::Table', {
        TableInput: Match.objectLike({
          Name: 'sensordata_files',
          PartitionKeys: [{ Name: 'day', Type: 'string' }],
          Parameters: Match.objectLike({ 'projection.enabled': 'true' }),
          StorageDescriptor: Match.objectLike({
            Columns: Match.arrayWith([
              { Name: 'temperature', Type: 'string' },
              { Name: 'quality', Type: 'map<string,string>' },
            ]),
          }),
        }),
      });
      for (const lane of ['prealert', 'gap']) {
        template.hasResourceProperties('AWS::IoT::TopicRule', {
          TopicRulePayload: Match.objectLike({
            Sql: Match.stringLikeRegexp(`'${lane}' AS lane`),
            Actions: [{ Firehose: Match.anyValue() }, { Lambda: Match.anyValue() }],
          }),
        });
      }
      template.hasResourceProperties('AWS::Lambda::Function', {
        Handler: 'index.stationEvent',
        Timeout: 20,
        MemorySize: 128,
      });
      template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
        DestinationConfig: { OnFailure: { Destination: Match.anyValue() } },
      });
      template.hasResourceProperties('AWS::S3::Bucket', {
        VersioningConfiguration: { Status: 'Enabled' },
        LifecycleConfiguration: {
          Rules: Match.arrayWith([Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 30 } })]),
        },
      });
    },
    SYNTHESIS_MS,
  );

  it(
    'keep a batch whole for a fleet: one record through rule, Kinesis and Firehose',
    () => {
      const { template } = synthesize({ profile: 'fleet', stations: 1_000_000 });

      template.hasResourceProperties('AWS::IoT::TopicRule', {
        TopicRulePayload: Match.objectLike({
          Sql: Match.stringLikeRegexp('/backlog'),
          Actions: [{ Firehose: Match.objectLike({ BatchMode: false }) }, { Kinesis: Match.anyValue() }],
        }),
      });
      template.hasResourceProperties('AWS::Glue::Table', {
        TableInput: Match.objectLike({ Name: 'sensordata_avgs_files' }),
      });
      template.resourceCountIs('AWS::Kinesis::Stream', 2);
    },
    SYNTHESIS_MS,
  );

  it(
    'warn at a budget: twice the forecast, or what is given',
    () => {
      const budgetOf = (settings: Record<string, string | number>) =>
        Object.values(synthesize(settings).template.findResources('AWS::Budgets::Budget'))[0]?.['Properties'];

      expect(budgetOf({ profile: 'lake' }).Budget).toMatchObject({
        BudgetLimit: { Amount: 7, Unit: 'USD' },
        TimeUnit: 'MONTHLY',
      });
      expect(budgetOf({ profile: 'lake', monthlyBudget: 12 })).toMatchObject({
        Budget: { BudgetLimit: { Amount: 12 } },
        NotificationsWithSubscribers: [
          { Notification: { NotificationType: 'ACTUAL' }, Subscribers: [{ SubscriptionType: 'SNS' }] },
          { Notification: { NotificationType: 'FORECASTED' } },
        ],
      });
    },
    SYNTHESIS_MS,
  );

  it(
    'make a provisioned cluster that demands TLS',
    () => {
      const { template, findings } = synthesize({ profile: 'provisioned', stations: 100_000 });

      expect(findings.filter(({ ruleName }) => !ruleName.includes('analytics-jar-not-built'))).toEqual([]);
      template.hasResourceProperties('AWS::Redshift::Cluster', {
        NodeType: 'ra3.large',
        ClusterType: 'multi-node',
        NumberOfNodes: 2,
        Encrypted: true,
        ManageMasterPassword: true,
      });
      template.hasResourceProperties('AWS::Redshift::ClusterParameterGroup', {
        Parameters: Match.arrayWith([{ ParameterName: 'require_ssl', ParameterValue: 'true' }]),
      });
    },
    SYNTHESIS_MS,
  );

  it(
    'size every part for a million stations',
    () => {
      const { template } = synthesize({
        profile: 'standard',
        stations: 1_000_000,
        topicPrefix: 'uk/weather',
      });

      template.hasResourceProperties('AWS::Kinesis::Stream', { ShardCount: 120 });
      template.hasResourceProperties('AWS::Kinesis::Stream', { ShardCount: 12 });
      template.hasResourceProperties('AWS::RedshiftServerless::Workgroup', { BaseCapacity: 136 });
      template.hasResourceProperties('AWS::KinesisAnalyticsV2::Application', {
        ApplicationConfiguration: Match.objectLike({
          FlinkApplicationConfiguration: Match.objectLike({
            ParallelismConfiguration: Match.objectLike({ Parallelism: 11 }),
          }),
        }),
      });
      template.hasResourceProperties('AWS::IoT::TopicRule', {
        TopicRulePayload: Match.objectLike({
          Sql: "SELECT * FROM 'uk/weather/+/reading' WHERE deviceid = topic(3)",
        }),
      });
    },
    SYNTHESIS_MS,
  );

  it(
    'are refused with every problem when they are wrong',
    () => {
      expect(() =>
        synthesize({
          profile: 'gold',
          monthlyBudget: -1,
          stations: 0,
          bufferSeconds: 5,
          alertEmail: 'nobody',
        }),
      ).toThrow(/profile[\s\S]*stations[\s\S]*bufferSeconds[\s\S]*monthlyBudget[\s\S]*alertEmail/);
      expect(() => synthesize({ profile: 'post', analyticsJar: '/no/such.jar' })).toThrow(
        'there is no /no/such.jar',
      );
    },
    SYNTHESIS_MS,
  );
});
