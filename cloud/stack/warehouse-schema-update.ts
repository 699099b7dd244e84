import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { CustomResource, Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type DataApiTarget, dataApiEnvironment } from '../sql/data-api.ts';
import { loadSchema } from '../sql/warehouse-schema.ts';
import { BundledFunction } from './bundled-function.ts';

type WarehouseSchemaProps = {
  readonly dataApi: DataApiTarget;
  readonly databaseArn: string;
  readonly loaderSecret: ISecret;
};

/** The Data API knows statements by ids that only exist once they run; the condition keeps it to one's own. */
export const allowDataApi = (
  caller: BundledFunction,
  { dataApi, databaseArn }: Pick<WarehouseSchemaProps, 'dataApi' | 'databaseArn'>,
): void => {
  caller.allow(['redshift-data:BatchExecuteStatement', 'redshift-data:ExecuteStatement'], [databaseArn]);
  caller.allow(['secretsmanager:GetSecretValue'], [dataApi.secretArn]);
  caller.allowAny(
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: ['redshift-data:DescribeStatement', 'redshift-data:GetStatementResult'],
      resources: ['*'],
      conditions: { StringEquals: { 'redshift-data:statement-owner-iam-userid': `\${aws:userid}` } },
    }),
    { 'Resource::*': 'The Data API has no resource for a statement; the condition keeps it to its own.' },
  );
};

/** So many open rows a query may still look through. */
const OPEN_READINGS = 1_000_000;

/** Puts what was loaded into the final tables: once a day, and every hour where a day brings too many readings. */
export const createCompaction = (
  scope: Construct,
  props: Pick<WarehouseSchemaProps, 'dataApi' | 'databaseArn'> & { readonly readingsPerSecond: number },
): BundledFunction => {
  const compaction = new BundledFunction(scope, 'Compaction', {
    functionName: 'warehouse-compaction',
    description: 'Puts what was loaded into the final tables',
    timeout: Duration.minutes(15),
    withFolder: 'sql',
    environment: dataApiEnvironment(props.dataApi),
  });
  allowDataApi(compaction, props);
  const isEveryHour = props.readingsPerSecond * Duration.days(1).toSeconds() > OPEN_READINGS;
  new Rule(scope, 'CompactionTime', {
    // Before the daily check.
    schedule: Schedule.cron(isEveryHour ? { minute: '45' } : { minute: '45', hour: '4' }),
    targets: [new LambdaFunction(compaction.function)],
  });
  return compaction;
};

/** Applies `cloud/sql` at every deploy that changed it. */
export class WarehouseSchema extends Construct {
  constructor(scope: Construct, id: string, props: WarehouseSchemaProps) {
    super(scope, id);
    const updater = new BundledFunction(this, 'Updater', {
      functionName: 'warehouse-schema',
      description: 'Applies the SQL of the warehouse',
      timeout: Duration.minutes(10),
      withFolder: 'sql',
      environment: {
        ...dataApiEnvironment(props.dataApi),
        LOADER_SECRET_ARN: props.loaderSecret.secretArn,
      },
    });
    allowDataApi(updater, props);
    updater.allow(['secretsmanager:GetSecretValue'], [props.loaderSecret.secretArn]);
    const checksums = loadSchema(fileURLToPath(new URL('../sql', import.meta.url))).map(
      ({ checksum }) => checksum,
    );
    const resource = new CustomResource(this, 'Applied', {
      serviceToken: updater.function.functionArn,
      resourceType: 'Custom::WarehouseSchema',
      properties: {
        version: createHash('sha256').update(checksums.join()).digest('hex'),
        loaderSecretArn: props.loaderSecret.secretArn,
      },
    });
    resource.node.addDependency(updater);
  }
}
