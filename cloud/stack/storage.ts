import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, type BucketProps } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { DIAGNOSTICS, RELEASES } from '../contract/outputs.ts';

/** Where Athena leaves its answers in the bucket of the deliveries. */
export const RESULTS = 'athena-results';

/** The key of the station file in its bucket: CSV, header `deviceid,weatherstationname`. */
export const STATIONS_KEY = 'stations.csv';

const locked: BucketProps = {
  blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
  encryption: BucketEncryption.S3_MANAGED,
  enforceSSL: true,
  removalPolicy: RemovalPolicy.RETAIN,
};

/** What the compaction of the lake deletes can be had back for 30 days. Answers of Athena are read at once. */
const recoverable: BucketProps = {
  versioned: true,
  lifecycleRules: [
    { noncurrentVersionExpiration: Duration.days(30) },
    { prefix: `${RESULTS}/`, expiration: Duration.days(7) },
  ],
};

/** The buckets. All outlive the stack: `cloud:destroy -- --data` empties and deletes them. */
export class Storage extends Construct {
  /** Readings and rows on their way to the warehouse; without a warehouse, where they stay. */
  readonly deliveries: Bucket;
  /** What could not be processed, by where that happened. */
  readonly errors: Bucket;
  readonly stations: Bucket;

  constructor(scope: Construct, id: string, keepDeliveries: 'while-loading' | 'always' | 'compacted') {
    super(scope, id);
    const logs = new Bucket(this, 'Logs', { ...locked, lifecycleRules: [{ expiration: Duration.days(90) }] });
    Validations.of(logs).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'This bucket holds the access logs of the others; logging its own would never end.',
    });
    const logged = (prefix: string): BucketProps => ({
      ...locked,
      serverAccessLogsBucket: logs,
      serverAccessLogsPrefix: prefix,
    });
    this.deliveries = new Bucket(this, 'Deliveries', {
      ...logged('deliveries/'),
      // Long enough to load by hand what was given up; kept for good where the files are the archive.
      ...(keepDeliveries === 'while-loading' ? { lifecycleRules: [{ expiration: Duration.days(30) }] } : {}),
      ...(keepDeliveries === 'compacted' ? recoverable : {}),
    });
    this.errors = new Bucket(this, 'Errors', {
      ...logged('errors/'),
      lifecycleRules: [
        { expiration: Duration.days(365) },
        // A diagnostics file names the network of the station and holds lines of its journal.
        { prefix: `${DIAGNOSTICS}/`, expiration: Duration.days(30) },
        // Longer than any URL of theirs is good for.
        { prefix: `${RELEASES}/`, expiration: Duration.days(30) },
      ],
    });
    this.stations = new Bucket(this, 'Stations', { ...logged('stations/'), versioned: true });
  }
}
