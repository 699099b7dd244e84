import { Duration } from 'aws-cdk-lib';
import type { Alarm } from 'aws-cdk-lib/aws-cloudwatch';
import {
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { AlarmsProps } from './alarms.ts';
import { analyticsMetric, deliveryMetric, failedRuleActions, matchedMessages } from './metrics.ts';

const graph = (title: string, left: IMetric[]): IWidget =>
  new GraphWidget({ title, left, width: 12, height: 6 });

/** The way of a reading from left to right, with the state of every alarm on top. */
export class Operation extends Construct {
  readonly dashboard: Dashboard;

  constructor(scope: Construct, id: string, props: AlarmsProps & { readonly alarms: readonly Alarm[] }) {
    super(scope, id);
    const { ingest, delivery, streams, alerts, analytics } = props;
    this.dashboard = new Dashboard(this, 'Dashboard', {
      defaultInterval: Duration.days(1),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: [...props.alarms], width: 24 })],
        [
          graph(
            'Messages by rule',
            ingest.rules.map((rule) => matchedMessages(rule, Duration.minutes(5))),
          ),
          graph('Failed rule actions', [failedRuleActions()]),
        ],
        [
          graph('Age of what is not yet in S3, s', [
            deliveryMetric(delivery, 'DeliveryToS3.DataFreshness', { fold: 'MAX', idle: 0 }),
          ]),
          graph('Mails: age of the stream, failures', [
            alerts.mailer.function.metric(streams ? 'IteratorAge' : 'AsyncEventAge', {
              statistic: 'Maximum',
            }),
            alerts.mailer.function.metricErrors(),
          ]),
        ],
        ...(analytics && streams
          ? [
              [
                graph('Readings stream', [
                  streams.readings.metricIncomingRecords(),
                  streams.readings.metricGetRecordsIteratorAgeMilliseconds({ statistic: 'Maximum' }),
                ]),
                graph('Flink', [
                  analyticsMetric(analytics.application.ref, 'downtime'),
                  analyticsMetric(analytics.application.ref, 'lastCheckpointDuration'),
                ]),
              ],
            ]
          : []),
      ],
    });
  }
}
