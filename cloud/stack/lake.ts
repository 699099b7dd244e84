import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { CustomResource, Duration, Fn, Stack } from 'aws-cdk-lib';
import { CfnWorkGroup } from 'aws-cdk-lib/aws-athena';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { CfnDatabase, CfnTable } from 'aws-cdk-lib/aws-glue';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { type AthenaTarget, athenaEnvironment } from '../sql/athena-session.ts';
import { glueType, glueTypeInFiles, lakeTables, lakeViews } from '../sql/lake-schema.ts';
import { accountAsShown } from './acknowledge.ts';
import { BundledFunction } from './bundled-function.ts';
import { RESULTS } from './storage.ts';

const SQL = fileURLToPath(new URL('../sql', import.meta.url));
/** Folders of the deliveries bucket. */
const COMPACTED = 'compacted';
/** A query that would read more is stopped: half a dollar. */
const MAX_BYTES_READ = 100e9;
/** Before this day no station has sent anything. */
const FIRST_DAY = '2026-01-01';

type LakeProps = {
  readonly deliveries: Bucket;
  readonly stations: Bucket;
  readonly hasAnalytics: boolean;
};

type Format = Pick<CfnTable.StorageDescriptorProperty, 'inputFormat' | 'outputFormat' | 'serdeInfo'>;

const HIVE = 'org.apache.hadoop.hive.ql.io';
const textFormat = (serdeInfo: CfnTable.SerdeInfoProperty): Format => ({
  inputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
  outputFormat: `${HIVE}.HiveIgnoreKeyTextOutputFormat`,
  serdeInfo,
});
const JSON_LINES = textFormat({
  serializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
  parameters: { 'ignore.malformed.json': 'true' },
});
const CSV = textFormat({
  serializationLibrary: 'org.apache.hadoop.hive.serde2.OpenCSVSerde',
  parameters: { separatorChar: ',', quoteChar: '"' },
});
const PARQUET: Format = {
  inputFormat: `${HIVE}.parquet.MapredParquetInputFormat`,
  outputFormat: `${HIVE}.parquet.MapredParquetOutputFormat`,
  serdeInfo: { serializationLibrary: `${HIVE}.parquet.serde.ParquetHiveSerDe` },
};

/** The files of Firehose as the tables of the post, by Glue and Athena: nothing of it costs while nobody asks. */
export class Lake extends Construct {
  readonly target: AthenaTarget;
  readonly compaction: BundledFunction;
  readonly #props: LakeProps;
  readonly #database: CfnDatabase;
  readonly #workGroup: CfnWorkGroup;

  constructor(scope: Construct, id: string, props: LakeProps) {
    super(scope, id);
    this.#props = props;
    // The end of the stack's id: the names are the account's.
    const end = Fn.select(4, Fn.split('-', Fn.select(2, Fn.split('/', Stack.of(this).stackId))));
    this.#database = new CfnDatabase(this, 'Database', {
      catalogId: Stack.of(this).account,
      databaseInput: { name: Fn.join('_', ['weather', end]), description: 'Weather stations' },
    });
    this.#workGroup = this.#createWorkGroup(Fn.join('-', ['weather', end]));
    this.target = { database: this.#database.ref, workGroup: this.#workGroup.ref };
    const tables = this.#createTables();
    this.#createViews(tables);
    this.compaction = this.#compactDaily();
  }

  #createWorkGroup(name: string): CfnWorkGroup {
    return new CfnWorkGroup(this, 'WorkGroup', {
      name,
      description: 'Weather stations',
      recursiveDeleteOption: true,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        bytesScannedCutoffPerQuery: MAX_BYTES_READ,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: this.#props.deliveries.s3UrlForObject(`${RESULTS}/`),
          encryptionConfiguration: { encryptionOption: 'SSE_S3' },
        },
      },
    });
  }

  #createTables(): CfnTable[] {
    const { deliveries, stations, hasAnalytics } = this.#props;
    const byDay = lakeTables(SQL, hasAnalytics).flatMap(({ key, columns, filesName, daysName }) => [
      this.#createTable(filesName, {
        location: deliveries.s3UrlForObject(`${key}/`),
        columns: columns.map((column) => ({ name: column.name, type: glueTypeInFiles(column) })),
        ...JSON_LINES,
      }),
      this.#createTable(daysName, {
        location: deliveries.s3UrlForObject(`${COMPACTED}/${key}/`),
        columns: [
          ...columns.map((column) => ({ name: column.name, type: glueType(column) })),
          { name: 'loaded', type: 'timestamp' },
        ],
        ...PARQUET,
      }),
    ]);
    const text = (name: string): CfnTable.ColumnProperty => ({ name, type: 'string' });
    return [
      ...byDay,
      this.#createTable(
        'stations',
        {
          location: stations.s3UrlForObject(),
          columns: ['deviceid', 'weatherstationname', 'timezone'].map(text),
          ...CSV,
        },
        { 'skip.header.line.count': '1' },
      ),
      // What an operator deleted because it was old: INSERT INTO retention_marks.
      this.#createTable(
        'retention_marks',
        {
          location: deliveries.s3UrlForObject(`${COMPACTED}/retention-marks/`),
          columns: [
            ...['deviceid', 'epoch'].map(text),
            { name: 'throughseq', type: 'bigint' },
            { name: 'marked', type: 'timestamp' },
          ],
          ...PARQUET,
        },
        {},
      ),
    ];
  }

  /** Without parameters of its own it has a folder for each day, which Athena works out instead of asking Glue. */
  #createTable(
    name: string,
    storageDescriptor: CfnTable.StorageDescriptorProperty,
    parameters?: Readonly<Record<string, string>>,
  ): CfnTable {
    return new CfnTable(this, `Table-${name}`, {
      catalogId: Stack.of(this).account,
      databaseName: this.#database.ref,
      tableInput: {
        name,
        tableType: 'EXTERNAL_TABLE',
        storageDescriptor,
        ...(parameters === undefined
          ? {
              partitionKeys: [{ name: 'day', type: 'string' }],
              parameters: {
                'projection.enabled': 'true',
                'projection.day.type': 'date',
                'projection.day.format': 'yyyy-MM-dd',
                'projection.day.range': `${FIRST_DAY},NOW`,
              },
            }
          : { parameters }),
      },
    });
  }

  #createViews(tables: readonly CfnTable[]): void {
    const { hasAnalytics } = this.#props;
    const maker = new BundledFunction(this, 'ViewMaker', {
      functionName: 'lake-views',
      description: 'Makes the views of the lake',
      timeout: Duration.minutes(10),
      withFolder: 'sql',
      environment: { ...athenaEnvironment(this.target), HAS_ANALYTICS: String(hasAnalytics) },
    });
    this.allowQueries(maker);
    maker.allow(['glue:CreateTable', 'glue:UpdateTable'], this.#catalogArns());
    const views = new CustomResource(this, 'Views', {
      serviceToken: maker.function.functionArn,
      resourceType: 'Custom::LakeViews',
      properties: {
        version: createHash('sha256').update(lakeViews(SQL, hasAnalytics).join()).digest('hex'),
        database: this.target.database,
      },
    });
    views.node.addDependency(maker, ...tables);
  }

  #catalogArns(): string[] {
    const { partition, region, account } = Stack.of(this);
    const glue = `arn:${partition}:glue:${region}:${account}`;
    const { database } = this.target;
    return [`${glue}:catalog`, `${glue}:database/${database}`, `${glue}:table/${database}/*`];
  }

  /** To ask the tables by Athena, whose answers go through the bucket. */
  allowQueries(caller: BundledFunction): void {
    const { deliveries, stations } = this.#props;
    const { partition, region, account } = Stack.of(this);
    caller.allow(
      ['athena:GetQueryExecution', 'athena:GetQueryResults', 'athena:StartQueryExecution'],
      [`arn:${partition}:athena:${region}:${account}:workgroup/${this.target.workGroup}`],
    );
    caller.allowAny(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['GetDatabase', 'GetPartition', 'GetPartitions', 'GetTable', 'GetTables'].map(
          (action) => `glue:${action}`,
        ),
        resources: this.#catalogArns(),
      }),
      {
        [`Resource::arn:aws:glue:${region}:${accountAsShown(this)}:table/<${Stack.of(this).getLogicalId(this.#database)}>/*`]:
          'Views read tables and other views; the statement ends at one database.',
      },
    );
    caller.allow(['s3:GetBucketLocation', 's3:ListBucket'], [deliveries.bucketArn, stations.bucketArn]);
    caller.allowObjects(deliveries, '*', ['s3:GetObject']);
    caller.allowObjects(stations, '*', ['s3:GetObject']);
    caller.allowObjects(deliveries, `${RESULTS}/*`, ['s3:AbortMultipartUpload', 's3:PutObject']);
  }

  #compactDaily(): BundledFunction {
    const { deliveries, hasAnalytics } = this.#props;
    const compaction = new BundledFunction(this, 'Compaction', {
      functionName: 'lake-compaction',
      description: 'Makes one file of columns of the files of a day',
      timeout: Duration.minutes(15),
      withFolder: 'sql',
      environment: {
        ...athenaEnvironment(this.target),
        HAS_ANALYTICS: String(hasAnalytics),
        DELIVERIES_BUCKET: deliveries.bucketName,
      },
    });
    this.allowQueries(compaction);
    compaction.allow(['glue:BatchCreatePartition', 'glue:CreatePartition'], this.#catalogArns());
    compaction.allowObjects(deliveries, `${COMPACTED}/*`, ['s3:AbortMultipartUpload', 's3:PutObject']);
    for (const { key } of lakeTables(SQL, hasAnalytics)) {
      compaction.allowObjects(deliveries, `${key}/day=*`, ['s3:DeleteObject']);
    }
    new Rule(this, 'Daily', {
      schedule: Schedule.cron({ minute: '15', hour: '4' }),
      targets: [new LambdaFunction(compaction.function)],
    });
    return compaction;
  }
}
