/**
 * From a number of stations to the size of each part of the stack. Pure arithmetic over the constants below;
 * what was measured, read in a document or only assumed stands beside each (docs/cloud.md, "What could not be tried").
 */
export type Load = {
  readonly stations: number;
  readonly intervalSeconds: number;
  /** Readings wait so long to leave together; 0 sends each by itself. */
  readonly sendSeconds: number;
};

export type Capacity = {
  readonly readingsPerSecond: number;
  /** Messages of IoT Core and records of Kinesis and Firehose: a batch stays whole. */
  readonly messagesPerSecond: number;
  readonly readingsPerMessage: number;
  readonly bytesPerSecond: number;
  readonly readingsShards: number;
  readonly alertsShards: number;
  /** Units of Flink that do the work; AWS adds and bills one more that orchestrates. */
  readonly flinkUnits: number;
  readonly redshiftProcessingUnits: number;
  /** Nodes (ra3.large) of a provisioned cluster instead. */
  readonly redshiftNodes: number;
  /** AWS's default limits that this load goes beyond; they are raised by asking AWS. */
  readonly quotas: readonly Quota[];
};

type Quota = { readonly name: string; readonly needed: number; readonly granted: number };

/** Longest reading of the contract with its newline; a test measures it. */
export const READING_BYTES = 330;

/** Kinesis: 1,000 records/s and 1 MB/s for each shard (documented); we plan to fill 70 % of it. */
const SHARD_RECORDS_PER_SECOND = 1000;
const SHARD_BYTES_PER_SECOND = 1_000_000;
const PLANNED_UTILISATION = 0.7;

/** One alert row for each station in two minutes: a heat wave over all of them. */
const ALERT_WINDOW_SECONDS = 120;

/** Readings/s for one unit of Flink (1 vCPU, 4 GB): one core with RocksDB, the least of three runs (cloud/analytics/README.md). */
export const FLINK_UNIT_READINGS_PER_SECOND = 28_000;
/** The job keeps a reading for a day after it arrived; bytes of one in RocksDB, assumed. */
const FLINK_KEPT_SECONDS = 86_400;
const FLINK_READING_BYTES = 50;
/** Disk of one unit (documented). */
const FLINK_UNIT_BYTES = 50e9;

/** Rows/s that 4 units of Redshift Serverless load beside its queries. Assumed. */
export const WAREHOUSE_ROWS_PER_SECOND = 5000;
/** The same for one node ra3.large. Assumed. */
const NODE_ROWS_PER_SECOND = 10_000;
/** A reading makes one row of sensordata and one of sensordata_avgs. */
const ROWS_PER_READING = 2;
/** Base capacities that Redshift Serverless takes: 4, then steps of 8 up to 512 (documented). */
export const SMALLEST_BASE = 4;
const LARGEST_BASE = 512;

/** Defaults of us-east-1, from memory where docs/cloud.md says so. */
const QUOTAS = {
  'IoT Core: inbound publishes/s': 20_000,
  'Firehose: PutRecord requests/s for one stream': 2000,
  'Kinesis: shards in the account': 20_000,
  'Managed Flink: processing units for one application': 64,
} as const;

const atLeastOne = (value: number): number => Math.max(1, Math.ceil(value));

const shardsFor = (recordsPerSecond: number, bytesPerSecond: number): number =>
  atLeastOne(
    Math.max(recordsPerSecond / SHARD_RECORDS_PER_SECOND, bytesPerSecond / SHARD_BYTES_PER_SECOND) /
      PLANNED_UTILISATION,
  );

const baseCapacityFor = (rowsPerSecond: number): number => {
  const units = (rowsPerSecond / WAREHOUSE_ROWS_PER_SECOND) * SMALLEST_BASE;
  if (units <= SMALLEST_BASE) return SMALLEST_BASE;
  return Math.min(LARGEST_BASE, Math.ceil(units / 8) * 8);
};

const flinkUnitsFor = (readingsPerSecond: number): number =>
  atLeastOne(
    Math.max(
      readingsPerSecond / FLINK_UNIT_READINGS_PER_SECOND,
      (readingsPerSecond * FLINK_KEPT_SECONDS * FLINK_READING_BYTES) / FLINK_UNIT_BYTES,
    ) / PLANNED_UTILISATION,
  );

/** Throws a RangeError for a load that is no load. */
export const capacityFor = ({ stations, intervalSeconds, sendSeconds }: Load): Capacity => {
  if (!(Number.isInteger(stations) && stations >= 1 && intervalSeconds >= 1 && sendSeconds >= 0)) {
    throw new RangeError(`no capacity for ${stations} stations every ${intervalSeconds} s`);
  }
  const readingsPerSecond = stations / intervalSeconds;
  const readingsPerMessage = Math.max(1, Math.floor(sendSeconds / intervalSeconds));
  const messagesPerSecond = readingsPerSecond / readingsPerMessage;
  const bytesPerSecond = readingsPerSecond * READING_BYTES;
  const alertsPerSecond = stations / ALERT_WINDOW_SECONDS;
  const readingsShards = shardsFor(messagesPerSecond, bytesPerSecond);
  const alertsShards = shardsFor(alertsPerSecond, alertsPerSecond * READING_BYTES);
  const flinkUnits = flinkUnitsFor(readingsPerSecond);
  const needed: Record<keyof typeof QUOTAS, number> = {
    'IoT Core: inbound publishes/s': Math.ceil(messagesPerSecond),
    'Firehose: PutRecord requests/s for one stream': Math.ceil(messagesPerSecond),
    'Kinesis: shards in the account': readingsShards + alertsShards,
    'Managed Flink: processing units for one application': flinkUnits,
  };
  return {
    readingsPerSecond,
    messagesPerSecond,
    readingsPerMessage,
    bytesPerSecond,
    readingsShards,
    alertsShards,
    flinkUnits,
    redshiftProcessingUnits: baseCapacityFor(readingsPerSecond * ROWS_PER_READING),
    redshiftNodes: atLeastOne((readingsPerSecond * ROWS_PER_READING) / NODE_ROWS_PER_SECOND),
    quotas: Object.entries(QUOTAS)
      .map(([name, granted]) => ({ name, granted, needed: needed[name as keyof typeof QUOTAS] }))
      .filter((quota) => quota.needed > quota.granted),
  };
};
