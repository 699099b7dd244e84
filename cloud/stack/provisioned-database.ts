import { ArnFormat, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { CfnCluster, CfnClusterParameterGroup, CfnClusterSubnetGroup } from 'aws-cdk-lib/aws-redshift';
import { Construct, type IConstruct } from 'constructs';
import type { DataApiTarget } from '../sql/data-api.ts';
import type { Capacity } from './capacity.ts';
import type { Settings } from './settings.ts';
import { WAREHOUSE_PORT, type WarehouseNetwork } from './warehouse-network.ts';

export type DatabaseProps = {
  readonly settings: Settings;
  readonly capacity: Capacity;
  readonly deliveryRole: Role;
  readonly network: WarehouseNetwork;
  readonly databaseName: string;
};

/** What the warehouse needs of its database, whichever kind it is. */
export interface Database extends IConstruct {
  readonly address: string;
  readonly arn: string;
  readonly dataApi: DataApiTarget;
}

/** A Redshift cluster: costs the same at any load, so it may load every minute. */
export class ProvisionedDatabase extends Construct implements Database {
  readonly address: string;
  readonly arn: string;
  readonly dataApi: DataApiTarget;

  constructor(scope: Construct, id: string, props: DatabaseProps) {
    super(scope, id);
    const subnets = new CfnClusterSubnetGroup(this, 'Subnets', {
      description: 'Public: Firehose comes from outside',
      subnetIds: props.network.subnetIds,
    });
    const parameters = new CfnClusterParameterGroup(this, 'Parameters', {
      description: 'TLS or nothing',
      parameterGroupFamily: 'redshift-1.0',
      parameters: [
        { parameterName: 'require_ssl', parameterValue: 'true' },
        { parameterName: 'enable_user_activity_logging', parameterValue: 'true' },
      ],
    });
    const nodes = props.capacity.redshiftNodes;
    const cluster = new CfnCluster(this, 'Cluster', {
      clusterType: nodes > 1 ? 'multi-node' : 'single-node',
      ...(nodes > 1 ? { numberOfNodes: nodes } : {}),
      nodeType: 'ra3.large',
      dbName: props.databaseName,
      masterUsername: 'weather_admin',
      manageMasterPassword: true,
      encrypted: true,
      publiclyAccessible: true,
      port: WAREHOUSE_PORT,
      enhancedVpcRouting: false,
      automatedSnapshotRetentionPeriod: 7,
      clusterSubnetGroupName: subnets.ref,
      clusterParameterGroupName: parameters.ref,
      vpcSecurityGroupIds: [props.network.securityGroup.securityGroupId],
      iamRoles: [props.deliveryRole.roleArn],
      loggingProperties: { logDestinationType: 'cloudwatch', logExports: ['userlog', 'connectionlog'] },
    });
    cluster.applyRemovalPolicy(RemovalPolicy.SNAPSHOT);
    this.#acknowledge(cluster);
    this.address = cluster.attrEndpointAddress;
    this.arn = Stack.of(this).formatArn({
      service: 'redshift',
      resource: 'cluster',
      resourceName: cluster.ref,
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    this.dataApi = {
      database: props.databaseName,
      secretArn: cluster.attrMasterPasswordSecretArn,
      clusterIdentifier: cluster.ref,
    };
  }

  #acknowledge(cluster: CfnCluster): void {
    const reasons = {
      'AwsSolutions-RS4': 'The default port is behind a security group that admits one caller.',
      'AwsSolutions-RS8':
        'Firehose can only load over a public address; the security group admits Firehose alone.',
    };
    for (const [id, reason] of Object.entries(reasons)) Validations.of(cluster).acknowledge({ id, reason });
  }
}
