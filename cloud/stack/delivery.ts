import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CompositePrincipal, Effect, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import { LogGroup, LogStream, RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { COPY_OPTIONS, columnList, type LandingTableKey, landingTables } from '../sql/landing-tables.ts';
import { acknowledgeObjects } from './acknowledge.ts';
import { BundledFunction } from './bundled-function.ts';
import type { Settings } from './settings.ts';
import type { Warehouse } from './warehouse.ts';

type DeliveryProps = {
  readonly settings: Settings;
  readonly warehouse: Warehouse | undefined;
  readonly deliveries: Bucket;
  readonly errors: Bucket;
  /** Made outside, because the warehouse has to know it too. */
  readonly role: Role;
};

const GIVE_UP_AFTER_SECONDS = 7200;

/** Who writes the files and who reads them in a COPY: Firehose's loads and `cloud:backfill` name the same role. */
export const createDeliveryRole = (scope: Construct): Role =>
  new Role(scope, 'DeliveryRole', {
    assumedBy: new CompositePrincipal(
      new ServicePrincipal('firehose.amazonaws.com', {
        conditions: { StringEquals: { 'sts:ExternalId': Stack.of(scope).account } },
      }),
      new ServicePrincipal('redshift.amazonaws.com'),
      new ServicePrincipal('redshift-serverless.amazonaws.com'),
    ),
    description: 'Firehose: files to S3, COPY into the warehouse',
  });

/** Firehose: files in S3 every few minutes, and a COPY of each into its landing table. */
export class Delivery extends Construct {
  readonly #streams: ReadonlyMap<LandingTableKey, CfnDeliveryStream>;
  readonly #analyticsErrors: CfnDeliveryStream | undefined;
  readonly #props: DeliveryProps;
  readonly #logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: DeliveryProps) {
    super(scope, id);
    this.#props = props;
    this.#logGroup = new LogGroup(this, 'Log', {
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.#allowDelivery();
    const tables = (Object.keys(landingTables) as LandingTableKey[]).filter(
      (table) => props.settings.analytics || table !== 'averages',
    );
    this.#streams = new Map(tables.map((table) => [table, this.#createStream(table)]));
    this.#analyticsErrors = props.settings.analytics ? this.#createErrorStream() : undefined;
  }

  /** Throws for a table that this profile has not. */
  streamOf(table: LandingTableKey): CfnDeliveryStream {
    const stream = this.#streams.get(table);
    if (!stream) throw new Error(`no delivery to ${table} in this profile`);
    return stream;
  }

  /** What the Flink job could not take. Throws without analytics: a job without it would not start. */
  get analyticsErrors(): CfnDeliveryStream {
    if (!this.#analyticsErrors) throw new Error('no errors of the Flink job in a profile without analytics');
    return this.#analyticsErrors;
  }

  /** Every stream that loads a table, by the table. */
  get streams(): ReadonlyMap<LandingTableKey, CfnDeliveryStream> {
    return this.#streams;
  }

  /** Those that topic rules write to. */
  get ruleTargets(): CfnDeliveryStream[] {
    return [...this.#streams].filter(([table]) => table !== 'averages').map(([, stream]) => stream);
  }

  #allowDelivery(): void {
    const { role, deliveries, errors, warehouse } = this.#props;
    const allow = (actions: string[], resources: string[]): void => {
      role.addToPolicy(new PolicyStatement({ effect: Effect.ALLOW, actions, resources }));
    };
    allow(
      ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
      [deliveries.bucketArn, errors.bucketArn],
    );
    allow(
      ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'],
      [deliveries.arnForObjects('*'), errors.arnForObjects('analytics-errors/*')],
    );
    acknowledgeObjects(role, deliveries, '*');
    acknowledgeObjects(role, errors, 'analytics-errors/*');
    if (warehouse) allow(['secretsmanager:GetSecretValue'], [warehouse.loaderSecret.secretArn]);
    this.#logGroup.grantWrite(role);
  }

  #logging(name: string): CfnDeliveryStream.CloudWatchLoggingOptionsProperty {
    const stream = new LogStream(this, `Log-${name}`, {
      logGroup: this.#logGroup,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    return { enabled: true, logGroupName: this.#logGroup.logGroupName, logStreamName: stream.logStreamName };
  }

  #files(bucket: Bucket, prefix: string): CfnDeliveryStream.S3DestinationConfigurationProperty {
    const { settings, role } = this.#props;
    // The lake reads a folder for each day of arrival; with an expression in the one, Firehose wants one in the other.
    const [day, kind] =
      settings.warehouse === 'athena'
        ? ['day=!{timestamp:yyyy-MM-dd}/', '!{firehose:error-output-type}/']
        : ['', ''];
    return {
      bucketArn: bucket.bucketArn,
      roleArn: role.roleArn,
      prefix: `${prefix}/${day}`,
      errorOutputPrefix: `${prefix}/failed/${kind}`,
      bufferingHints: { intervalInSeconds: settings.bufferSeconds, sizeInMBs: settings.bufferMegabytes },
      compressionFormat: 'GZIP',
      cloudWatchLoggingOptions: this.#logging(`${prefix}-files`),
    };
  }

  /** Rows that COPY would refuse are set aside one by one, so that no station's stop the load of the others. */
  #checkRows(table: LandingTableKey): CfnDeliveryStream.ProcessingConfigurationProperty {
    const check = new BundledFunction(this, `Check-${table}`, {
      functionName: 'row-check',
      description: `Sets rows aside that ${landingTables[table].name} would refuse`,
      timeout: Duration.minutes(1),
      withFolder: 'sql',
      environment: { TABLE: table },
    });
    this.#props.role.addToPolicy(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['lambda:GetFunctionConfiguration', 'lambda:InvokeFunction'],
        resources: [check.function.functionArn],
      }),
    );
    return {
      enabled: true,
      processors: [
        {
          type: 'Lambda',
          parameters: [{ parameterName: 'LambdaArn', parameterValue: check.function.functionArn }],
        },
      ],
    };
  }

  #createStream(table: LandingTableKey): CfnDeliveryStream {
    const { warehouse, deliveries } = this.#props;
    const files = {
      ...this.#files(deliveries, table),
      // The job's own rows need none.
      ...(table === 'averages' ? {} : { processingConfiguration: this.#checkRows(table) }),
    };
    const stream = new CfnDeliveryStream(this, `Delivery-${table}`, {
      deliveryStreamType: 'DirectPut',
      deliveryStreamEncryptionConfigurationInput: { keyType: 'AWS_OWNED_CMK' },
      ...(warehouse
        ? { redshiftDestinationConfiguration: this.#loading(warehouse, table, files) }
        : { extendedS3DestinationConfiguration: files }),
    });
    // Firehose tries role and bucket when the stream is made, and loads as soon as something comes.
    stream.node.addDependency(this.#props.role);
    if (warehouse) stream.node.addDependency(warehouse);
    return stream;
  }

  #loading(
    warehouse: Warehouse,
    table: LandingTableKey,
    files: CfnDeliveryStream.ExtendedS3DestinationConfigurationProperty,
  ): CfnDeliveryStream.RedshiftDestinationConfigurationProperty {
    const { processingConfiguration, ...s3Configuration } = files;
    return {
      clusterJdbcurl: warehouse.jdbcUrl,
      copyCommand: {
        dataTableName: landingTables[table].name,
        dataTableColumns: columnList(landingTables[table]),
        copyOptions: COPY_OPTIONS,
      },
      retryOptions: { durationInSeconds: GIVE_UP_AFTER_SECONDS },
      roleArn: this.#props.role.roleArn,
      secretsManagerConfiguration: {
        enabled: true,
        secretArn: warehouse.loaderSecret.secretArn,
        roleArn: this.#props.role.roleArn,
      },
      s3Configuration: s3Configuration,
      ...(processingConfiguration === undefined ? {} : { processingConfiguration }),
      cloudWatchLoggingOptions: this.#logging(`${table}-copy`),
    };
  }

  #createErrorStream(): CfnDeliveryStream {
    const stream = new CfnDeliveryStream(this, 'Delivery-analytics-errors', {
      deliveryStreamType: 'DirectPut',
      deliveryStreamEncryptionConfigurationInput: { keyType: 'AWS_OWNED_CMK' },
      extendedS3DestinationConfiguration: this.#files(this.#props.errors, 'analytics-errors'),
    });
    stream.node.addDependency(this.#props.role);
    return stream;
  }
}
