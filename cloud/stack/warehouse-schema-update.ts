import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { CustomResource, Duration } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { type DataApiTarget, dataApiEnvironment } from '../sql/data-api.ts';
import { loadSchema } from '../sql/warehouse-schema.ts';
import { BundledFunction } from './bundled-function.ts';

export type WarehouseSchemaProps = {
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
