import { Match } from 'aws-cdk-lib/assertions';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { describe, expect, it } from 'vitest';
import { synthesize } from './synthesis.ts';

const SYNTHESIS_MS = 60_000;

describe('the settings', () => {
  it(
    'make an archive without Redshift and Flink',
    () => {
      const { template, findings } = synthesize({ profile: 'archive' });

      expect(findings).toEqual([]);
      template.resourceCountIs('AWS::RedshiftServerless::Workgroup', 0);
      template.resourceCountIs('AWS::KinesisAnalyticsV2::Application', 0);
      template.resourceCountIs('AWS::EC2::VPC', 0);
      template.resourceCountIs('AWS::Kinesis::Stream', 1);
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
        ...{ profile: 'tables', bufferSeconds: 300, bufferMegabytes: 5 },
        ...{ warehouseDailyLimit: 7, region: 'eu-west-2' },
      });

      template.allResourcesProperties('AWS::KinesisFirehose::DeliveryStream', {
        RedshiftDestinationConfiguration: Match.objectLike({
          S3Configuration: Match.objectLike({ BufferingHints: { IntervalInSeconds: 300, SizeInMBs: 5 } }),
        }),
      });
      template.hasResourceProperties('Custom::RedshiftUsageLimit', { hoursPerDay: 7 });
      template.hasResourceProperties('AWS::EC2::SecurityGroup', {
        SecurityGroupIngress: [
          Match.objectLike({ CidrIp: RegionInfo.get('eu-west-2').firehoseCidrBlock, FromPort: 5439 }),
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
      const { template } = synthesize({ stations: 1_000_000, topicPrefix: 'uk/weather' });

      template.hasResourceProperties('AWS::Kinesis::Stream', { ShardCount: 120 });
      template.hasResourceProperties('AWS::Kinesis::Stream', { ShardCount: 12 });
      template.hasResourceProperties('AWS::RedshiftServerless::Workgroup', { BaseCapacity: 136 });
      template.hasResourceProperties('AWS::KinesisAnalyticsV2::Application', {
        ApplicationConfiguration: Match.objectLike({
          FlinkApplicationConfiguration: Match.objectLike({
            ParallelismConfiguration: Match.objectLike({ Parallelism: 60 }),
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
        synthesize({ profile: 'gold', stations: 0, bufferSeconds: 5, alertEmail: 'nobody' }),
      ).toThrow(/profile[\s\S]*stations[\s\S]*bufferSeconds[\s\S]*alertEmail/);
      expect(() => synthesize({ analyticsJar: '/no/such.jar' })).toThrow('there is no /no/such.jar');
    },
    SYNTHESIS_MS,
  );
});
