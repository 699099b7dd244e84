/**
 * The Flink job's runtime properties: one group, read by the job with `KinesisAnalyticsRuntime.getApplicationProperties()`
 * and set by the stack (analytics.ts). A key that is missing is an error of the job at start.
 */
export const PROPERTY_GROUP = 'weather-analytics';

export type AnalyticsProperties = {
  /** ARN of the stream IoT Core writes readings to. */
  readonly 'input.stream.arn': string;
  /** ARN of the stream the alert rows go to. */
  readonly 'alerts.stream.arn': string;
  /** Name of the Firehose stream the average rows go to. */
  readonly 'averages.delivery.stream': string;
  /** Name of the Firehose stream the error rows go to. */
  readonly 'errors.delivery.stream': string;
  /** `s3://bucket/key` of the station file: CSV with the header `deviceid,weatherstationname`. */
  readonly 'stations.uri': string;
  readonly 'aws.region': string;
  /** Name of the Firehose stream the distinct readings go to; absent where a topic rule delivers them. */
  readonly 'readings.delivery.stream'?: string;
  /** Rows share a Firehose record of at most so many bytes; absent or 0 for a record of each. */
  readonly 'firehose.record.bytes'?: string;
};
