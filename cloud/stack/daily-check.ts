import { Duration, Stack } from 'aws-cdk-lib';
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { athenaEnvironment } from '../sql/athena-session.ts';
import { dataApiEnvironment } from '../sql/data-api.ts';
import { accountAsShown } from './acknowledge.ts';
import { BundledFunction } from './bundled-function.ts';
import type { Lake } from './lake.ts';
import type { Warehouse } from './warehouse.ts';
import { allowDataApi } from './warehouse-schema-update.ts';

type DailyCheckProps = {
  readonly warehouse: Warehouse | undefined;
  readonly lake: Lake | undefined;
  /** Where the alarms of stations go. */
  readonly operations: Topic;
  readonly sentMails: TableV2;
  /** Whether it looks at the stations every hour as well. */
  readonly isHourly: boolean;
};

/**
 * Once a day: certificates about to end, rows that COPY skipped, holes that nobody explains, stations in trouble. Where a
 * query costs next to nothing, also every hour which stations are in trouble.
 */
export class DailyCheck extends Construct {
  readonly checker: BundledFunction;

  constructor(scope: Construct, id: string, props: DailyCheckProps) {
    super(scope, id);
    const { warehouse, lake, operations, sentMails, isHourly } = props;
    this.checker = new BundledFunction(this, 'Checker', {
      functionName: 'daily-check',
      description: 'Counts days of certificates, load errors and missing readings, mails alarms of stations',
      timeout: Duration.minutes(10),
      environment: {
        ...(warehouse ? dataApiEnvironment(warehouse.dataApi) : {}),
        ...(lake ? athenaEnvironment(lake.target) : {}),
        TOPIC_ARN: operations.topicArn,
        SENT_MAILS_TABLE: sentMails.tableName,
      },
    });
    if (warehouse) allowDataApi(this.checker, warehouse);
    lake?.allowQueries(this.checker);
    this.checker.allow(['sns:Publish'], [operations.topicArn]);
    this.checker.allow(['dynamodb:GetItem', 'dynamodb:PutItem'], [sentMails.tableArn]);
    this.#allowCertificates();
    new Rule(this, 'Daily', {
      schedule: Schedule.cron({ minute: '15', hour: '5' }),
      targets: [this.#target('daily')],
    });
    if (!isHourly) return;
    // Half an hour from the daily one, so that the two never write at once what was mailed.
    new Rule(this, 'Hourly', {
      schedule: Schedule.cron({ minute: '45' }),
      targets: [this.#target('hourly')],
    });
  }

  #target(round: 'daily' | 'hourly'): LambdaFunction {
    return new LambdaFunction(this.checker.function, { event: RuleTargetInput.fromObject({ round }) });
  }

  #allowCertificates(): void {
    const { partition, region, account } = Stack.of(this);
    this.checker.allowAny(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['iot:DescribeCertificate'],
        resources: [`arn:${partition}:iot:${region}:${account}:cert/*`],
      }),
      {
        [`Resource::arn:aws:iot:${region}:${accountAsShown(this)}:cert/*`]:
          'It looks at every certificate of the account, and can only look.',
      },
    );
    this.checker.allowAny(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['iot:ListCACertificates', 'iot:ListCertificates', 'iot:ListCertificatesByCA'],
        resources: ['*'],
      }),
      { 'Resource::*': 'AWS has no resource type for a list of certificates.' },
    );
  }
}
