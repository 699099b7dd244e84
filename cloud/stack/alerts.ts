import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { Stream } from 'aws-cdk-lib/aws-kinesis';
import { Alias } from 'aws-cdk-lib/aws-kms';
import { CfnEventInvokeConfig, CfnEventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';
import { BundledFunction } from './bundled-function.ts';
import { STATIONS_KEY } from './storage.ts';

type AlertsProps = {
  /** Absent without analytics: then the rules call the mailer. */
  readonly stream: Stream | undefined;
  readonly errors: Bucket;
  readonly stations: Bucket;
  readonly alertEmail: string | undefined;
  /** How long alerts of the stream gather for one call of the mailer. */
  readonly batchingSeconds: number;
};

/** From the alerts stream to mails: one for each alert window, pre-alert and gap, however often it is delivered. */
export class Alerts extends Construct {
  readonly topic: Topic;
  readonly mailer: BundledFunction;
  /** Which mails were sent, for all functions that mail. */
  readonly sentMails: TableV2;

  constructor(scope: Construct, id: string, props: AlertsProps) {
    super(scope, id);
    this.topic = new Topic(this, 'Topic', {
      displayName: 'Weather alerts',
      enforceSSL: true,
      masterKey: Alias.fromAliasName(this, 'TopicKey', 'alias/aws/sns'),
    });
    if (props.alertEmail !== undefined) this.topic.addSubscription(new EmailSubscription(props.alertEmail));
    this.sentMails = this.#createSentMails();
    this.mailer = new BundledFunction(this, 'Mailer', {
      functionName: 'alert-mails',
      description: 'Turns alert rows, pre-alerts and gaps into mails',
      // The post's numbers.
      timeout: Duration.seconds(20),
      memoryMegabytes: 128,
      exportName: props.stream ? 'handler' : 'stationEvent',
      environment: {
        TOPIC_ARN: this.topic.topicArn,
        SENT_MAILS_TABLE: this.sentMails.tableName,
        ERRORS_BUCKET: props.errors.bucketName,
        STATIONS_BUCKET: props.stations.bucketName,
        STATIONS_KEY,
      },
    });
    this.mailer.allow(['sns:Publish'], [this.topic.topicArn]);
    this.mailer.allow(
      ['dynamodb:DeleteItem', 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
      [this.sentMails.tableArn],
    );
    this.mailer.allow(['s3:GetObject'], [props.stations.arnForObjects(STATIONS_KEY)]);
    this.mailer.allowObjects(props.errors, 'alerts/*', ['s3:PutObject']);
    if (props.stream) this.#readStream(props.stream, props.errors, props.batchingSeconds);
    else this.#keepFailedEvents(props.errors);
  }

  /** An event that failed three times is kept as what a record of the stream would be. */
  #keepFailedEvents(errors: Bucket): void {
    this.mailer.allow(['s3:ListBucket'], [errors.bucketArn]);
    this.mailer.allowObjects(errors, 'aws/lambda/*', ['s3:PutObject']);
    new CfnEventInvokeConfig(this, 'FailedEvents', {
      functionName: this.mailer.function.functionName,
      qualifier: '$LATEST',
      maximumRetryAttempts: 2,
      destinationConfig: { onFailure: { destination: errors.bucketArn } },
    }).node.addDependency(this.mailer);
  }

  #createSentMails(): TableV2 {
    const table = new TableV2(this, 'SentMails', {
      partitionKey: { name: 'id', type: AttributeType.STRING },
      timeToLiveAttribute: 'expiration',
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.dynamoOwnedKey(),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(table).acknowledge({
      id: 'AwsSolutions-DDB3',
      reason: 'It remembers which mails were sent; a backup of that serves nobody.',
    });
    return table;
  }

  #readStream(stream: Stream, errors: Bucket, batchingSeconds: number): void {
    this.mailer.allow(
      [
        'kinesis:DescribeStream',
        'kinesis:DescribeStreamSummary',
        'kinesis:GetRecords',
        'kinesis:GetShardIterator',
        'kinesis:ListShards',
      ],
      [stream.streamArn],
    );
    this.mailer.allow(['s3:ListBucket'], [errors.bucketArn]);
    this.mailer.allowObjects(errors, 'aws/lambda/*', ['s3:PutObject']);
    const mapping = new CfnEventSourceMapping(this, 'Source', {
      eventSourceArn: stream.streamArn,
      functionName: this.mailer.function.functionName,
      startingPosition: 'TRIM_HORIZON',
      batchSize: 100,
      maximumBatchingWindowInSeconds: batchingSeconds,
      maximumRetryAttempts: 10,
      maximumRecordAgeInSeconds: Duration.days(1).toSeconds(),
      bisectBatchOnFunctionError: true,
      // One station stays in one shard, so its alerts stay in order.
      parallelizationFactor: 1,
      functionResponseTypes: ['ReportBatchItemFailures'],
      // S3 gets the records themselves, a queue would only get where they were.
      destinationConfig: { onFailure: { destination: errors.bucketArn } },
    });
    // Lambda tries the role when the mapping is made.
    mapping.node.addDependency(this.mailer);
  }
}
