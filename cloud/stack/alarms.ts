import { Duration, Stack } from 'aws-cdk-lib';
import { CfnBudget } from 'aws-cdk-lib/aws-budgets';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import type { Alerts } from './alerts.ts';
import type { Analytics } from './analytics.ts';
import type { BundledFunction } from './bundled-function.ts';
import { costOf, totalOf } from './cost.ts';
import type { DailyCheck } from './daily-check.ts';
import type { Delivery } from './delivery.ts';
import type { Ingest, Streams } from './ingest.ts';
import { analyticsMetric, deliveryMetric, failedRuleActions, matchedMessages, ownMetric } from './metrics.ts';
import { hasRedshift } from './profiles.ts';
import type { Settings } from './settings.ts';

export type AlarmsProps = {
  readonly settings: Settings;
  readonly operations: Topic;
  readonly streams: Streams | undefined;
  readonly ingest: Ingest;
  readonly delivery: Delivery;
  readonly alerts: Alerts;
  readonly analytics: Analytics | undefined;
  readonly dailyCheck: DailyCheck;
  /** Of the lake or of Redshift; absent without tables. */
  readonly compaction: BundledFunction | undefined;
};

type Condition = {
  readonly metric: IMetric;
  readonly above?: number;
  readonly below?: number;
  /** How many periods in a row; 1 unless given. */
  readonly periods?: number;
  /** What silence means; nothing wrong unless given. */
  readonly missing?: TreatMissingData;
};

/** Where the runbook of an alarm is: a heading of its name. */
const RUNBOOK = 'docs/cloud.md';
const DAY = Duration.days(1);

/** Each alarm has a heading of its name in `docs/cloud.md` that says what to do; a test compares them. */
export class Alarms extends Construct {
  readonly alarms: Alarm[] = [];
  readonly #props: AlarmsProps;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#props = props;
    this.#watchIngest();
    this.#watchDelivery();
    this.#watchAlerts();
    this.#watchAnalytics();
    this.#watchDaily();
  }

  #add(name: string, condition: Condition): void {
    const alarm = new Alarm(this, name, {
      metric: condition.metric,
      threshold: condition.above ?? condition.below ?? 0,
      comparisonOperator:
        condition.below === undefined
          ? ComparisonOperator.GREATER_THAN_THRESHOLD
          : ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: condition.periods ?? 1,
      treatMissingData: condition.missing ?? TreatMissingData.NOT_BREACHING,
      alarmDescription: `${name}: see ${RUNBOOK}#${name}`,
    });
    const action = new SnsAction(this.#props.operations);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    this.alarms.push(alarm);
  }

  #watchIngest(): void {
    const [reading] = this.#props.ingest.rules;
    if (reading) {
      this.#add('no-readings', {
        metric: matchedMessages(reading, Duration.hours(1)),
        below: 1,
        missing: TreatMissingData.BREACHING,
      });
    }
    this.#add('rule-actions-failed', { metric: failedRuleActions(), above: 0 });
  }

  #watchDelivery(): void {
    const { delivery, settings, compaction } = this.#props;
    this.#add('delivery-late', {
      metric: deliveryMetric(delivery, 'DeliveryToS3.DataFreshness', { fold: 'MAX', idle: 0 }),
      above: settings.bufferSeconds + Duration.minutes(10).toSeconds(),
      periods: 3,
    });
    this.#add('rows-rejected', { metric: ownMetric('RowsRejected', 'Sum', DAY), above: 0 });
    if (hasRedshift(settings)) this.#watchLoads();
    if (settings.warehouse === 'none') return;
    this.#add('readings-missing', { metric: ownMetric('MissingReadings', 'Maximum', DAY), above: 0 });
    this.#add('station-twice', { metric: ownMetric('StationsTwice', 'Maximum', DAY), above: 0 });
    if (compaction) this.#add('compaction-failed', { metric: compaction.function.metricErrors(), above: 0 });
  }

  #watchLoads(): void {
    const { delivery } = this.#props;
    this.#add('load-failed', {
      metric: deliveryMetric(delivery, 'DeliveryToRedshift.Success', { fold: 'MIN', idle: 1 }),
      below: 1,
      periods: 3,
    });
    this.#add('rows-skipped', { metric: ownMetric('LoadErrors', 'Maximum', DAY), above: 0 });
  }

  #watchAlerts(): void {
    const { alerts, streams } = this.#props;
    const { mailer } = alerts;
    this.#add('alerts-late', {
      metric: mailer.function.metric(streams ? 'IteratorAge' : 'AsyncEventAge', { statistic: 'Maximum' }),
      above: Duration.minutes(5).toMilliseconds(),
    });
    this.#add('alerts-failed', {
      metric: new MathExpression({
        expression: 'FILL(errors, 0) + FILL(records, 0) + FILL(unparseable, 0)',
        usingMetrics: {
          errors: mailer.function.metricErrors(),
          records: ownMetric('AlertRecordsFailed', 'Sum'),
          unparseable: ownMetric('AlertRecordsUnparseable', 'Sum'),
        },
        label: 'failed invocations and records',
      }),
      above: 0,
    });
  }

  #watchAnalytics(): void {
    const { analytics, streams } = this.#props;
    if (!(analytics && streams)) return;
    this.#add('readings-stream-age', {
      metric: streams.readings.metricGetRecordsIteratorAgeMilliseconds({ statistic: 'Maximum' }),
      above: Duration.minutes(10).toMilliseconds(),
      periods: 3,
      // The job polls an empty stream too: no data means that nobody reads.
      missing: TreatMissingData.BREACHING,
    });
    const application = analytics.application.ref;
    this.#add('analytics-down', {
      metric: analyticsMetric(application, 'downtime'),
      above: 0,
      periods: 3,
      missing: TreatMissingData.BREACHING,
    });
    this.#add('analytics-checkpoints-failed', {
      metric: new MathExpression({
        expression: 'DIFF(failed)',
        usingMetrics: { failed: analyticsMetric(application, 'numberOfFailedCheckpoints') },
        label: 'failed checkpoints',
      }),
      above: 0,
      periods: 3,
    });
  }

  #watchDaily(): void {
    this.#add('certificate-ends', { metric: ownMetric('CertificateDaysLeft', 'Minimum', DAY), below: 30 });
    this.#add('daily-check-failed', {
      metric: this.#props.dailyCheck.checker.function.metricErrors(),
      above: 0,
    });
  }
}

/** Where alarms go. CloudWatch cannot publish under AWS's own key, and the name of an alarm is no secret. */
export const createOperationsTopic = (scope: Construct, operatorEmail: string | undefined): Topic => {
  const topic = new Topic(scope, 'Operations', { displayName: 'Weather operations', enforceSSL: true });
  if (operatorEmail !== undefined) topic.addSubscription(new EmailSubscription(operatorEmail));
  return topic;
};

/** US dollars a month at which AWS warns: twice what the stack is expected to cost, unless given. */
const monthlyBudgetOf = (settings: Settings): number =>
  settings.monthlyBudget ?? Math.ceil(2 * totalOf(costOf(settings, settings)));

/** A budget counts the whole account: AWS cannot tell apart what a stack costs without tags switched on by hand. */
export const createBudget = (scope: Construct, operations: Topic, settings: Settings): void => {
  operations.addToResourcePolicy(
    new PolicyStatement({
      principals: [new ServicePrincipal('budgets.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [operations.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  );
  const warnAt = (
    notificationType: 'ACTUAL' | 'FORECASTED',
  ): CfnBudget.NotificationWithSubscribersProperty => ({
    notification: {
      notificationType,
      comparisonOperator: 'GREATER_THAN',
      threshold: 100,
      thresholdType: 'PERCENTAGE',
    },
    subscribers: [{ subscriptionType: 'SNS', address: operations.topicArn }],
  });
  const budget = new CfnBudget(scope, 'Budget', {
    budget: {
      budgetType: 'COST',
      timeUnit: 'MONTHLY',
      budgetLimit: { amount: monthlyBudgetOf(settings), unit: 'USD' },
    },
    notificationsWithSubscribers: [warnAt('ACTUAL'), warnAt('FORECASTED')],
  });
  // AWS tries the topic when the budget is made.
  budget.node.addDependency(operations);
};
