import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnTopicRule } from 'aws-cdk-lib/aws-iot';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledgeObjects } from './acknowledge.ts';
import type { BundledFunction } from './bundled-function.ts';
import type { Capacity } from './capacity.ts';
import type { Delivery } from './delivery.ts';
import type { Settings } from './settings.ts';
import { IOT_SQL_VERSION, partitionKeyOf, type TopicRule, topicRules } from './topic-rules.ts';

/** What the Flink job reads and writes; without analytics there is none, and rules call the mails themselves. */
export class Streams extends Construct {
  /** Readings on their way to the analytics. */
  readonly readings: Stream;
  /** Alert rows, pre-alerts and gaps on their way to the mails. */
  readonly alerts: Stream;

  constructor(scope: Construct, id: string, props: { settings: Settings; capacity: Capacity }) {
    super(scope, id);
    const { settings, capacity } = props;
    const stream = (name: string, shardCount: number): Stream =>
      new Stream(this, name, {
        shardCount,
        streamMode: StreamMode.PROVISIONED,
        encryption: StreamEncryption.MANAGED,
        retentionPeriod: Duration.hours(settings.streamRetentionHours),
        removalPolicy: RemovalPolicy.DESTROY,
      });
    this.readings = stream('Readings', capacity.readingsShards);
    this.alerts = stream('Alerts', capacity.alertsShards);
  }
}

type IngestProps = {
  readonly settings: Settings;
  /** Absent without analytics. */
  readonly streams: Streams | undefined;
  /** Mails of the stations' own events, where no stream brings them. */
  readonly mailer: BundledFunction | undefined;
  readonly delivery: Delivery;
  readonly errors: Bucket;
};

/** IoT Core's rules: every lane of the contract to its table, readings and alerts to their stream as well. */
export class Ingest extends Construct {
  readonly rules: readonly CfnTopicRule[];
  readonly #props: IngestProps;
  readonly #role: Role;

  constructor(scope: Construct, id: string, props: IngestProps) {
    super(scope, id);
    this.#props = props;
    this.#role = this.#createRole();
    this.rules = topicRules(props.settings.topicPrefix).map((rule) => this.#createRule(rule));
  }

  #createRole(): Role {
    const { streams, delivery, errors } = this.#props;
    const role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('iot.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
      description: 'IoT Core rules: write to the streams, and what fails to the errors bucket',
    });
    const allow = (actions: string[], resources: string[]): void => {
      role.addToPolicy(new PolicyStatement({ effect: Effect.ALLOW, actions, resources }));
    };
    if (streams) allow(['kinesis:PutRecord'], [streams.readings.streamArn, streams.alerts.streamArn]);
    // PutRecordBatch: a backlog is taken apart.
    allow(
      ['firehose:PutRecord', 'firehose:PutRecordBatch'],
      delivery.ruleTargets.map(({ attrArn }) => attrArn),
    );
    allow(['s3:PutObject'], [errors.arnForObjects('rules/*')]);
    acknowledgeObjects(role, errors, 'rules/*');
    return role;
  }

  #createRule(rule: TopicRule): CfnTopicRule {
    const { settings, streams, delivery, errors } = this.#props;
    const roleArn = this.#role.roleArn;
    const stream = rule.stream === null ? undefined : streams?.[rule.stream];
    const mailer = rule.stream === 'alerts' ? this.#props.mailer : undefined;
    const created = new CfnTopicRule(this, `Rule-${rule.lane}`, {
      topicRulePayload: {
        description: `${rule.lane} messages of the stations`,
        sql: rule.sql,
        awsIotSqlVersion: IOT_SQL_VERSION,
        actions: [
          {
            firehose: {
              deliveryStreamName: delivery.streamOf(rule.table).ref,
              roleArn,
              separator: '\n',
              // A batch stays one record where stations send together; the check of rows takes it apart.
              batchMode: rule.isBatch && settings.sendSeconds === 0,
            },
          },
          ...(stream
            ? [
                {
                  kinesis: {
                    streamName: stream.streamName,
                    roleArn,
                    partitionKey: partitionKeyOf(settings.topicPrefix),
                  },
                },
              ]
            : []),
          ...(mailer ? [{ lambda: { functionArn: mailer.function.functionArn } }] : []),
        ],
        errorAction: {
          s3: {
            bucketName: errors.bucketName,
            roleArn,
            key: `rules/${rule.lane}/\${timestamp()}-\${newuuid()}.json`,
          },
        },
      },
    });
    // IoT Core tries the role when the rule is made.
    created.node.addDependency(this.#role);
    mailer?.function.addPermission(`Rule-${rule.lane}`, {
      principal: new ServicePrincipal('iot.amazonaws.com'),
      sourceAccount: Stack.of(this).account,
      sourceArn: created.attrArn,
    });
    return created;
  }
}
