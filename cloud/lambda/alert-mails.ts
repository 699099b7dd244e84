import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import { Logger } from '@aws-lambda-powertools/logger';
import { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import type {
  Context,
  KinesisStreamBatchResponse,
  KinesisStreamEvent,
  KinesisStreamRecord,
} from 'aws-lambda';
import { capMail, type Mail, mailOf } from './alert-mail.ts';
import { type AlertRecord, parseAlertRecord } from './alert-record.ts';
import { requiredVariable } from './environment.ts';
import { openStationDirectory } from './station-directory.ts';

/** Mails of one station in one hour of the clock; what is beyond stays in the tables. */
const MAILS_PER_HOUR = 10;
const HOUR_MS = 3_600_000;

const topicArn = requiredVariable('TOPIC_ARN');
const sentMailsTable = requiredVariable('SENT_MAILS_TABLE');
const errorsBucket = requiredVariable('ERRORS_BUCKET');
const logger = new Logger({ serviceName: 'alert-mails' });
const sns = new SNSClient();
const dynamo = new DynamoDBClient();
const s3 = new S3Client();
const stations = openStationDirectory(s3, {
  bucket: requiredVariable('STATIONS_BUCKET'),
  key: requiredVariable('STATIONS_KEY'),
});
const processor = new BatchProcessor(EventType.KinesisDataStreams);
const config = new IdempotencyConfig({
  eventKeyJmesPath: 'key',
  throwOnNoIdempotencyKey: true,
  // Longer than a record can come again: the event source gives up after a day.
  expiresAfterSeconds: 2 * 24 * 3600,
});

/** How many mails this is of the station in this hour. */
const countMail = async (deviceid: string): Promise<number> => {
  const hour = Math.floor(Date.now() / HOUR_MS);
  const { Attributes } = await dynamo.send(
    new UpdateItemCommand({
      TableName: sentMailsTable,
      Key: { id: { S: `mails/${deviceid}/${hour}` } },
      UpdateExpression: 'SET expiration = :end ADD mails :one',
      ExpressionAttributeValues: { ':one': { N: '1' }, ':end': { N: String((hour + 2) * 3600) } },
      ReturnValues: 'ALL_NEW',
    }),
  );
  return Number(Attributes?.['mails']?.N);
};

const publishWithinCap = async (mail: Mail): Promise<{ messageId: string }> => {
  const deviceid = mail.attributes['deviceid'] ?? '';
  const mails = await countMail(deviceid);
  if (mails <= MAILS_PER_HOUR) return publish(mail);
  count('MailsHeldBack', 1);
  if (mails > MAILS_PER_HOUR + 1) return { messageId: '' };
  return publish(capMail(deviceid, (await stations.current()).get(deviceid), MAILS_PER_HOUR));
};

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
const publishOnce = makeIdempotent(publishWithinCap, {
  persistenceStore: new DynamoDBPersistenceLayer({ tableName: sentMailsTable }),
  config,
});

type Unreadable = { readonly partitionKey: string; readonly name: string; readonly data: string };

/** No retry makes it readable: it is kept in S3 and the others go on. */
const setAside = async ({ partitionKey, name, data }: Unreadable, reason: unknown): Promise<void> => {
  await s3.send(
    new PutObjectCommand({
      Bucket: errorsBucket,
      Key: `alerts/${partitionKey.replace(/[^A-Za-z0-9:_-]/g, '_')}/${name}.json`,
      Body: JSON.stringify({ partitionKey, reason: String(reason), data }),
      ContentType: 'application/json',
    }),
  );
  count('AlertRecordsUnparseable', 1);
};

const mailRecord = async ({ kinesis }: KinesisStreamRecord): Promise<void> => {
  const { data, partitionKey, sequenceNumber } = kinesis;
  let parsed: AlertRecord;
  try {
    parsed = parseAlertRecord(Buffer.from(data, 'base64').toString('utf8'), partitionKey);
  } catch (error) {
    await setAside({ partitionKey, name: sequenceNumber, data }, error);
    return;
  }
  await mailParsed(parsed, partitionKey);
};

const mailParsed = async (record: AlertRecord, deviceid: string): Promise<void> => {
  const mail = mailOf(record, (await stations.current()).get(deviceid));
  if (mail) await publishOnce(mail);
};

/** Embedded metric format: CloudWatch makes a metric of the line. */
const count = (name: string, value: number): void => {
  logger.error(name, {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        { Namespace: 'WeatherGateway', Dimensions: [[]], Metrics: [{ Name: name, Unit: 'Count' }] },
      ],
    },
    [name]: value,
  });
};

/** Of the alerts stream, in the profiles that have one. */
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
  if (response.batchItemFailures.length > 0) {
    count('AlertRecordsFailed', response.batchItemFailures.length);
  }
  return response;
};

/**
 * An event of a station, straight from its rule, which has held the id against the topic and added the lane. Lambda tries
 * it three times and then writes it to the errors bucket; one that no retry makes readable goes there at once.
 */
export const stationEvent = async (event: unknown, context: Context): Promise<void> => {
  config.registerLambdaContext(context);
  const text = JSON.stringify(event);
  const { deviceid = '' } = event as { readonly deviceid?: string };
  let record: AlertRecord;
  try {
    record = parseAlertRecord(text, deviceid);
    if (record.kind === 'alert') throw new Error('a rule gave no lane');
  } catch (error) {
    const partitionKey = String(deviceid);
    await setAside(
      { partitionKey, name: context.awsRequestId, data: Buffer.from(text).toString('base64') },
      error,
    );
    return;
  }
  await mailParsed(record, deviceid);
};
