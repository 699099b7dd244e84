import { Annotations, CfnRule, CustomResource, Duration, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { Stream } from 'aws-cdk-lib/aws-kinesis';
import { CfnApplication, CfnApplicationCloudWatchLoggingOption } from 'aws-cdk-lib/aws-kinesisanalyticsv2';
import { LogGroup, LogStream, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { type AnalyticsProperties, PROPERTY_GROUP } from '../contract/analytics-properties.ts';
import { findAnalyticsJar } from './analytics-jar.ts';
import { BundledFunction } from './bundled-function.ts';
import type { Capacity } from './capacity.ts';
import type { Delivery } from './delivery.ts';
import type { StationList } from './station-list.ts';
import { STATIONS_KEY } from './storage.ts';

type AnalyticsProps = {
  readonly capacity: Capacity;
  readonly readings: Stream;
  readonly alerts: Stream;
  readonly delivery: Delivery;
  readonly stations: Bucket;
  /** The job reads it when it starts. */
  readonly stationList: StationList;
  readonly jar: string | undefined;
};

/** Firehose counts a record in steps of 5 KB: many rows share one. */
const RECORD_BYTES = '512000';

/** The Flink job: averages to the warehouse, alerts to their stream. */
export class Analytics extends Construct {
  readonly application: CfnApplication;
  readonly #props: AnalyticsProps;
  readonly #jar: Asset;
  readonly #role: Role;

  constructor(scope: Construct, id: string, props: AnalyticsProps) {
    super(scope, id);
    this.#props = props;
    const jar = findAnalyticsJar(props.jar);
    if (!jar.isBuilt) this.#refuseDeployment();
    this.#jar = new Asset(this, 'Jar', { path: jar.path });
    this.#role = this.#createRole();
    this.application = this.#createApplication();
    this.#startWhenMade(this.#createLog());
  }

  #refuseDeployment(): void {
    Annotations.of(this).addWarningV2(
      'weather-gateway:analytics-jar-not-built',
      'The Flink job is not built: this template is to be looked at and refuses to be deployed. ' +
        'Build it (mvn -f cloud/analytics package) or name one (-c analyticsJar=PATH).',
    );
    new CfnRule(this, 'JarNotBuilt', {
      assertions: [
        {
          assert: Fn.conditionEquals('the Flink job', 'not built'),
          assertDescription:
            'The Flink job was not built when this template was made: npm run cloud:deploy builds it',
        },
      ],
    });
  }

  #createRole(): Role {
    const { readings, alerts, delivery, stations } = this.#props;
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('kinesisanalytics.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'The Flink job: read readings and stations, write averages, alerts and errors',
    });
    const allow = (actions: string[], resources: string[]): void => {
      role.addToPolicy(new PolicyStatement({ effect: Effect.ALLOW, actions, resources }));
    };
    const reading = [
      'DescribeStream',
      'DescribeStreamSummary',
      'GetRecords',
      'GetShardIterator',
      'ListShards',
    ];
    allow(
      reading.map((action) => `kinesis:${action}`),
      [readings.streamArn],
    );
    allow(['kinesis:DescribeStreamSummary', 'kinesis:PutRecord', 'kinesis:PutRecords'], [alerts.streamArn]);
    allow(
      ['firehose:PutRecordBatch'],
      [delivery.streamOf('averages').attrArn, delivery.analyticsErrors.attrArn],
    );
    const { bucket, s3ObjectKey } = this.#jar;
    allow(['s3:GetObject'], [stations.arnForObjects(STATIONS_KEY), bucket.arnForObjects(s3ObjectKey)]);
    return role;
  }

  #properties(): AnalyticsProperties {
    const { readings, alerts, delivery, stations } = this.#props;
    return {
      'input.stream.arn': readings.streamArn,
      'alerts.stream.arn': alerts.streamArn,
      'averages.delivery.stream': delivery.streamOf('averages').ref,
      'errors.delivery.stream': delivery.analyticsErrors.ref,
      'stations.uri': stations.s3UrlForObject(STATIONS_KEY),
      'aws.region': Stack.of(this).region,
    };
  }

  #createApplication(): CfnApplication {
    const application = new CfnApplication(this, 'Application', {
      runtimeEnvironment: 'FLINK-2_2',
      serviceExecutionRole: this.#role.roleArn,
      applicationDescription: 'Rolling averages and alerts of the weather stations',
      applicationConfiguration: {
        applicationCodeConfiguration: {
          codeContentType: 'ZIPFILE',
          codeContent: {
            s3ContentLocation: { bucketArn: this.#jar.bucket.bucketArn, fileKey: this.#jar.s3ObjectKey },
          },
        },
        applicationSnapshotConfiguration: { snapshotsEnabled: true },
        applicationSystemRollbackConfiguration: { rollbackEnabled: true },
        environmentProperties: {
          propertyGroups: [
            {
              propertyGroupId: PROPERTY_GROUP,
              propertyMap: { ...this.#properties(), 'firehose.record.bytes': RECORD_BYTES },
            },
          ],
        },
        // Without CUSTOM the values beside it would be ignored.
        flinkApplicationConfiguration: {
          checkpointConfiguration: {
            configurationType: 'CUSTOM',
            checkpointingEnabled: true,
            checkpointInterval: 60_000,
            minPauseBetweenCheckpoints: 5000,
          },
          monitoringConfiguration: {
            configurationType: 'CUSTOM',
            logLevel: 'INFO',
            metricsLevel: 'APPLICATION',
          },
          parallelismConfiguration: {
            configurationType: 'CUSTOM',
            parallelism: this.#props.capacity.flinkUnits,
            parallelismPerKpu: 1,
            // The capacity model decides, so that the bill stays what was printed.
            autoScalingEnabled: false,
          },
        },
      },
    });
    // AWS reads the code with the role in the moment it makes the application.
    application.node.addDependency(this.#role);
    return application;
  }

  #createLog(): CfnApplicationCloudWatchLoggingOption {
    const logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const logStream = new LogStream(this, 'LogStream', { logGroup, removalPolicy: RemovalPolicy.DESTROY });
    const { partition, region, account } = Stack.of(this);
    const streamArn = `arn:${partition}:logs:${region}:${account}:log-group:${logGroup.logGroupName}:log-stream:${logStream.logStreamName}`;
    this.#role.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['logs:DescribeLogStreams', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn.replace(/:\*$/, ''), streamArn],
      }),
    );
    return new CfnApplicationCloudWatchLoggingOption(this, 'Logging', {
      applicationName: this.application.ref,
      cloudWatchLoggingOption: { logStreamArn: streamArn },
    });
  }

  #startWhenMade(logging: CfnApplicationCloudWatchLoggingOption): void {
    const starter = new BundledFunction(this, 'Starter', {
      functionName: 'analytics-starter',
      description: 'Starts the Flink job after a deploy, stops it before it is deleted',
      timeout: Duration.minutes(14),
    });
    const { partition, region, account } = Stack.of(this);
    starter.allow(
      ['DescribeApplication', 'StartApplication', 'StopApplication'].map(
        (action) => `kinesisanalytics:${action}`,
      ),
      [`arn:${partition}:kinesisanalytics:${region}:${account}:application/${this.application.ref}`],
    );
    const started = new CustomResource(this, 'Started', {
      serviceToken: starter.function.functionArn,
      resourceType: 'Custom::AnalyticsStarted',
      properties: {
        applicationName: this.application.ref,
        code: this.#jar.assetHash,
        units: this.#props.capacity.flinkUnits,
      },
    });
    // The logging option is an update of the application: AWS refuses one while the job starts.
    started.node.addDependency(starter, this.application, logging, this.#props.stationList);
  }
}
