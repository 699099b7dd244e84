import { Fn, Stack, Validations } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  FlowLogTrafficType,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { RegionInfo } from 'aws-cdk-lib/region-info';
import { Construct } from 'constructs';

/** TCP port of Redshift. */
export const WAREHOUSE_PORT = 5439;

/** Firehose reaches Redshift over its public address only: public subnets, and one door for one caller. */
export class WarehouseNetwork extends Construct {
  readonly vpc: Vpc;
  readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, flowLogs: Bucket) {
    super(scope, id);
    const zone = (index: number): string => Fn.select(index, Fn.getAzs());
    this.vpc = new Vpc(this, 'Vpc', {
      natGateways: 0,
      // Redshift Serverless wants three; naming them keeps synth from asking AWS.
      availabilityZones: [zone(0), zone(1), zone(2)],
      subnetConfiguration: [{ name: 'warehouse', subnetType: SubnetType.PUBLIC, cidrMask: 26 }],
      restrictDefaultSecurityGroup: false,
      flowLogs: {
        rejected: {
          destination: FlowLogDestination.toS3(flowLogs, 'refused-connections'),
          trafficType: FlowLogTrafficType.REJECT,
        },
      },
    });
    this.securityGroup = new SecurityGroup(this, 'Door', {
      vpc: this.vpc,
      description: 'Redshift: Firehose of this region and nobody else',
      allowAllOutbound: false,
    });
    const { region } = Stack.of(this);
    const firehose = RegionInfo.get(region).firehoseCidrBlock;
    if (firehose === undefined) throw new Error(`Firehose has no published addresses in ${region}`);
    this.securityGroup.addIngressRule(Peer.ipv4(firehose), Port.tcp(WAREHOUSE_PORT), 'Firehose');
    Validations.of(this.vpc).acknowledge({
      id: 'AwsSolutions-VPC7',
      reason: 'Refused connections are logged to S3; accepted ones are in the connection log of Redshift.',
    });
  }

  get subnetIds(): string[] {
    return this.vpc.publicSubnets.map(({ subnetId }) => subnetId);
  }
}
