import { CustomResource, Duration, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { CfnNamespace, CfnWorkgroup } from 'aws-cdk-lib/aws-redshiftserverless';
import { Construct } from 'constructs';
import type { DataApiTarget } from '../sql/data-api.ts';
import { BundledFunction } from './bundled-function.ts';
import { dailyUnitHours } from './cost.ts';
import { createLogin } from './database-login.ts';
import type { Database, DatabaseProps } from './provisioned-database.ts';
import { WAREHOUSE_PORT } from './warehouse-network.ts';

/** Redshift Serverless: costs nothing while nothing loads and nobody asks. */
export class ServerlessDatabase extends Construct implements Database {
  readonly address: string;
  readonly arn: string;
  readonly dataApi: DataApiTarget;

  constructor(scope: Construct, id: string, props: DatabaseProps) {
    super(scope, id);
    // The end of the stack's id: a namespace that an earlier stack left behind keeps its name, this one has its own.
    const name = Fn.join('-', [
      'weather',
      Fn.select(4, Fn.split('-', Fn.select(2, Fn.split('/', Stack.of(this).stackId)))),
    ]);
    // CloudFormation gives no way to the secret that Redshift Serverless would manage itself.
    const admin = createLogin(this, 'Administrator', {
      user: 'weather_admin',
      purpose: 'Administrator of Redshift',
    });
    const namespace = new CfnNamespace(this, 'Namespace', {
      namespaceName: name,
      dbName: props.databaseName,
      adminUsername: 'weather_admin',
      adminUserPassword: admin.secretValueFromJson('password').unsafeUnwrap(),
      iamRoles: [props.deliveryRole.roleArn],
      logExports: ['userlog', 'connectionlog'],
    });
    // Nothing is in it before the first deploy has succeeded.
    namespace.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    const workgroup = new CfnWorkgroup(this, 'Workgroup', {
      workgroupName: name,
      namespaceName: name,
      baseCapacity: props.capacity.redshiftProcessingUnits,
      publiclyAccessible: true,
      port: WAREHOUSE_PORT,
      subnetIds: props.network.subnetIds,
      securityGroupIds: [props.network.securityGroup.securityGroupId],
      configParameters: [{ parameterKey: 'require_ssl', parameterValue: 'true' }],
    });
    workgroup.addResourceDependency(namespace);
    this.address = workgroup.attrWorkgroupEndpointAddress;
    this.arn = workgroup.attrWorkgroupWorkgroupArn;
    this.dataApi = {
      database: props.databaseName,
      secretArn: admin.secretArn,
      workgroupName: name,
    };
    this.#limitUsage(props);
  }

  /** CloudFormation has no resource for it. The default is twice what the loads take. */
  #limitUsage({ settings }: DatabaseProps): void {
    const limiter = new BundledFunction(this, 'Limiter', {
      functionName: 'usage-limit',
      description: 'Sets the daily limit of Redshift Serverless',
      timeout: Duration.minutes(2),
    });
    limiter.allowAny(
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: ['Create', 'Delete', 'List', 'Update'].map(
          (verb) => `redshift-serverless:${verb}UsageLimit${verb === 'List' ? 's' : ''}`,
        ),
        resources: ['*'],
      }),
      { 'Resource::*': 'AWS has no resource type for a usage limit; the function names the workgroup.' },
    );
    const hours = settings.warehouseDailyLimit ?? dailyUnitHours(settings, settings);
    new CustomResource(this, 'UsageLimit', {
      serviceToken: limiter.function.functionArn,
      resourceType: 'Custom::RedshiftUsageLimit',
      properties: { resourceArn: this.arn, hoursPerDay: hours },
    });
  }
}
