import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { Logger } from '@aws-lambda-powertools/logger';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import type {
  Context,
  KinesisStreamBatchResponse,
  KinesisStreamEvent,
  KinesisStreamRecord,
} from 'aws-lambda';
import { type Mail, mailOf } from './alert-mail.ts';
import { parseAlertRecord } from './alert-record.ts';
import { requiredVariable } from './environment.ts';

const topicArn = requiredVariable('TOPIC_ARN');
const logger = new Logger({ serviceName: 'alert-mails' });
const sns = new SNSClient();
const processor = new BatchProcessor(EventType.KinesisDataStreams);
const config = new IdempotencyConfig({
  eventKeyJmesPath: 'key',
  throwOnNoIdempotencyKey: true,
  // Longer than a record can come again: the event source gives up after a day.
  expiresAfterSeconds: 2 * 24 * 3600,
});

const publish = async ({ subject, message, attributes }: Mail): Promise<{ messageId: string }> => {
  const { MessageId = '' } = await sns.send(
    new PublishCommand({
      TopicArn: topicArn,
      Subject: subject,
      Message: message,
      MessageAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
      ),
    }),
  );
  return { messageId: MessageId };
};

// Flink's sink and the event source both deliver at least once; a person gets one mail.
const publishOnce = makeIdempotent(publish, {
  persistenceStore: new DynamoDBPersistenceLayer({ tableName: requiredVariable('SENT_MAILS_TABLE') }),
  config,
});

const mailRecord = async ({ kinesis }: KinesisStreamRecord): Promise<void> => {
  await publishOnce(mailOf(parseAlertRecord(Buffer.from(kinesis.data, 'base64').toString('utf8'))));
};

/** Embedded metric format: CloudWatch makes a metric of the line. */
const countFailures = (failures: number): void => {
  logger.error('records failed', {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: 'WeatherGateway',
          Dimensions: [[]],
          Metrics: [{ Name: 'AlertRecordsFailed', Unit: 'Count' }],
        },
      ],
    },
    AlertRecordsFailed: failures,
  });
};

export const handler = async (
  event: KinesisStreamEvent,
  context: Context,
): Promise<KinesisStreamBatchResponse> => {
  config.registerLambdaContext(context);
  const response = await processPartialResponse(event, mailRecord, processor, {
    context,
    // In the order of the stream; and an alert that stands twice in a batch must not meet itself half sent.
    processInParallel: false,
    // Counted and retried one by one below; the whole batch failing is no other case.
    throwOnFullBatchFailure: false,
  });
  if (response.batchItemFailures.length > 0) countFailures(response.batchItemFailures.length);
  return response;
};
