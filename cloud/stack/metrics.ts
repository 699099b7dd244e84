import { Duration } from 'aws-cdk-lib';
import { type IMetric, MathExpression, Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { CfnTopicRule } from 'aws-cdk-lib/aws-iot';
import type { Delivery } from './delivery.ts';

const FIVE_MINUTES = Duration.minutes(5);

/** A metric that this stack's own functions write. */
export const ownMetric = (metricName: string, statistic: string, period: Duration = FIVE_MINUTES): Metric =>
  new Metric({ namespace: 'WeatherGateway', metricName, statistic, period });

export const analyticsMetric = (application: string, metricName: string): Metric =>
  new Metric({
    namespace: 'AWS/KinesisAnalytics',
    metricName,
    dimensionsMap: { Application: application },
    statistic: Stats.MAXIMUM,
    period: FIVE_MINUTES,
  });

/** One number over all delivery streams; a stream that had nothing to deliver counts as `idle`. */
export const deliveryMetric = (
  delivery: Delivery,
  metricName: string,
  over: { readonly fold: 'MIN' | 'MAX'; readonly idle: 0 | 1 },
): IMetric => {
  const metrics = [...delivery.streams.values()].map((stream, index) => [
    `m${index}`,
    new Metric({
      namespace: 'AWS/Firehose',
      metricName,
      dimensionsMap: { DeliveryStreamName: stream.ref },
      statistic: over.fold === 'MIN' ? Stats.MINIMUM : Stats.MAXIMUM,
      period: FIVE_MINUTES,
    }),
  ]);
  const filled = metrics.map(([id]) => `FILL(${id}, ${over.idle})`).join(', ');
  return new MathExpression({
    expression: `${over.fold}([${filled}])`,
    usingMetrics: Object.fromEntries(metrics),
    label: metricName,
    period: FIVE_MINUTES,
  });
};

export const matchedMessages = (rule: CfnTopicRule, period: Duration): Metric =>
  new Metric({
    namespace: 'AWS/IoT',
    metricName: 'TopicMatch',
    dimensionsMap: { RuleName: rule.ref },
    statistic: Stats.SUM,
    period,
  });

/** Over every rule of the account: which actions there are, only AWS's own names say. */
export const failedRuleActions = (): IMetric =>
  new MathExpression({
    expression: 'SELECT SUM(Failure) FROM "AWS/IoT"',
    usingMetrics: {},
    label: 'failed rule actions',
    period: FIVE_MINUTES,
  });
