import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Context, KinesisStreamBatchResponse, KinesisStreamEvent } from 'aws-lambda';
import { bundleFunction } from '../../../cloud/stack/bundle.ts';
import { createSentMailsTable } from './sent-mails-table.ts';

type SentMail = {
  readonly subject: string;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>>;
};

/**
 * The real mail function as it is deployed, one bundled module. Stood in for are Lambda, which calls it, and what it
 * calls: SNS and DynamoDB, over HTTP.
 */
export type MailFunction = {
  readonly mails: readonly SentMail[];
  /** What the function kept in S3, by key. */
  readonly keptObjects: ReadonlyMap<string, string>;
  /** Of the next ones to be published, so many are refused. */
  refuse(count: number): void;
  /** One batch of the event source; the texts of the records, in order. */
  deliver(records: readonly string[]): Promise<KinesisStreamBatchResponse>;
  /** One event of a station, as its rule hands it over. */
  deliverEvent(event: object): Promise<void>;
  stop(): Promise<void>;
};

const TOPIC = 'arn:aws:sns:us-east-1:000000000000:alerts';

/** SNS's Publish, in the form encoding of its query protocol. */
const mailFrom = (form: URLSearchParams): SentMail => {
  const attributes: Record<string, string> = {};
  for (let n = 1; form.has(`MessageAttributes.entry.${n}.Name`); n++) {
    const name = form.get(`MessageAttributes.entry.${n}.Name`) ?? '';
    attributes[name] = form.get(`MessageAttributes.entry.${n}.Value.StringValue`) ?? '';
  }
  return { subject: form.get('Subject') ?? '', message: form.get('Message') ?? '', attributes };
};

const PUBLISHED =
  '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId>' +
  '</PublishResult></PublishResponse>';
const REFUSED =
  '<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type>' +
  '<Code>InvalidParameter</Code><Message>refused by the stand-in</Message></Error></ErrorResponse>';

/** The rule and the Flink job both key a record by its station. */
const partitionKeyOf = (record: string): string => {
  try {
    return String((JSON.parse(record) as { deviceid?: unknown }).deviceid ?? '1');
  } catch {
    return '1';
  }
};

const eventOf = (records: readonly string[]): KinesisStreamEvent => ({
  Records: records.map((record, index) => ({
    awsRegion: 'us-east-1',
    eventID: `shardId-000000000000:${index}`,
    eventName: 'aws:kinesis:record',
    eventSource: 'aws:kinesis',
    eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/alerts',
    eventVersion: '1.0',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/mailer',
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: partitionKeyOf(record),
      sequenceNumber: String(index),
      data: Buffer.from(record).toString('base64'),
      approximateArrivalTimestamp: Date.now() / 1000,
    },
  })),
});

const CONTEXT: Partial<Context> = {
  functionName: 'alert-mails',
  functionVersion: '$LATEST',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:alert-mails',
  memoryLimitInMB: '256',
  awsRequestId: 'local',
  getRemainingTimeInMillis: () => 30_000,
};

type EventHandler = (event: object, context: Partial<Context>) => Promise<void>;
type Handler = (event: KinesisStreamEvent, context: Partial<Context>) => Promise<KinesisStreamBatchResponse>;

/** Sets the environment that Lambda would set, in this process: one at a time. */
export const startMailFunction = async (): Promise<MailFunction> => {
  const mails: SentMail[] = [];
  const table = createSentMailsTable();
  const keptObjects = new Map<string, string>();
  let refusals = 0;

  const answer = (request: IncomingMessage, body: string): { status: number; body: string } => {
    const target = String(request.headers['x-amz-target'] ?? '');
    if (target.startsWith('DynamoDB_')) {
      const answered = table(target.split('.')[1] ?? '', JSON.parse(body));
      return { status: answered.status, body: JSON.stringify(answered.body) };
    }
    if (request.method === 'PUT') {
      keptObjects.set(new URL(request.url ?? '', 'http://s3').pathname, body);
      return { status: 200, body: '' };
    }
    if (request.method === 'GET') {
      return { status: 200, body: 'deviceid,weatherstationname\n1,UK-Worthing\n2,UK-Lancing\n' };
    }
    if (refusals > 0) {
      refusals -= 1;
      return { status: 400, body: REFUSED };
    }
    mails.push(mailFrom(new URLSearchParams(body)));
    return { status: 200, body: PUBLISHED };
  };

  const server = createServer((request, response) => {
    text(request)
      .then((body) => answer(request, body))
      .then(({ status, body }) => response.writeHead(status).end(body))
      .catch((error) => response.writeHead(500).end(String(error)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP port was expected');
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_SNS: `http://127.0.0.1:${address.port}`,
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${address.port}`,
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${address.port}`,
    AWS_LAMBDA_FUNCTION_NAME: 'alert-mails',
    POWERTOOLS_LOG_LEVEL: 'SILENT',
    TOPIC_ARN: TOPIC,
    SENT_MAILS_TABLE: 'sent-mails',
    ERRORS_BUCKET: 'errors',
    STATIONS_BUCKET: 'stations',
    STATIONS_KEY: 'stations.csv',
  });
  const folder = bundleFunction('alert-mails');
  const { handler, stationEvent }: { handler: Handler; stationEvent: EventHandler } = await import(
    join(folder, 'index.mjs')
  );
  return {
    mails,
    keptObjects,
    refuse(count) {
      refusals = count;
    },
    deliver: (records) => handler(eventOf(records), CONTEXT),
    deliverEvent: (event) => stationEvent(event, CONTEXT),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      rmSync(folder, { recursive: true });
    },
  };
};
