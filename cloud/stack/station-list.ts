import { CustomResource, Duration } from 'aws-cdk-lib';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { BundledFunction } from './bundled-function.ts';
import { STATIONS_KEY } from './storage.ts';

/** Makes `stations.csv` with its header alone where there is none: the Flink job reads it when it starts. */
export class StationList extends Construct {
  constructor(scope: Construct, id: string, stations: Bucket) {
    super(scope, id);
    const maker = new BundledFunction(this, 'Maker', {
      functionName: 'station-list',
      description: 'Makes the station list where there is none',
      timeout: Duration.minutes(1),
    });
    maker.allow(['s3:PutObject'], [stations.arnForObjects(STATIONS_KEY)]);
    const made = new CustomResource(this, 'Made', {
      serviceToken: maker.function.functionArn,
      resourceType: 'Custom::StationList',
      properties: { bucket: stations.bucketName, key: STATIONS_KEY },
    });
    made.node.addDependency(maker);
  }
}
