import {
  type Capacity,
  capacityFor,
  type Load,
  READING_BYTES,
  SMALLEST_BASE,
  WAREHOUSE_ROWS_PER_SECOND,
} from './capacity.ts';
import { IOT_MESSAGE_STEPS, PRICES } from './prices.ts';
import { hasRedshift, type Profile } from './profiles.ts';

const HOURS_PER_MONTH = 730;
const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600;
const MINUTES_PER_MONTH = HOURS_PER_MONTH * 60;
/** What IoT Core meters a message by, and Firehose a record. */
const METERED_BYTES = 5120;
/** Redshift Serverless bills a minute for each time it wakes up. */
const MINIMUM_ACTIVE_SECONDS = 60;
/** A landing row as Redshift compresses it, bytes; assumed. */
const STORED_ROW_BYTES = 60;
/** How much smaller gzip makes the files; measured on simulated readings. */
const COMPRESSION = 8;
/** Firehose gathers so much for one call of the check of rows; the check takes so long for it, in 256 MB; assumed. */
const CHECKED_BYTES = 1e6;
const CHECK_SECONDS = 0.1;
const CHECK_GIGABYTES = 0.25;
/** Averages leave Flink many to a record; the rows of stations, one. A row has so many bytes. */
const AVERAGE_ROW_BYTES = 230;
/** Lanes beside the readings: gaps, pre-alerts, status, health. */
const SMALL_LANES = 4;
/** How often a station says how it is, and in how many bytes. */
const HEALTH_SECONDS = 900;
const HEALTH_BYTES = 1_200;
/** Queries a day that a person asks of the tables, over the month, or over a day where Flink wrote each row once; assumed. */
const QUERIES_PER_DAY = 5;
/** What the hourly question for stations in trouble reads: a day for the readings, a day for their numbering; assumed. */
const DAYS_READ_HOURLY = 2;
/** Athena bills so much for each query at least. */
const ATHENA_MINIMUM_BYTES = 10e6;
/** Metrics that alarms look at, without and with Flink, and more with tables to check. */
const ALARM_METRICS = { always: 11, analytics: 4, tables: 4 } as const;
/** Metrics of our own that are written once a day, so in one hour of 24. */
const DAILY_METRICS = 5;

type CostLine = {
  readonly part: string;
  readonly size: string;
  readonly dollarsPerMonth: number;
  /** Where the price that decides was read. */
  readonly source: string;
};

/** How long Firehose gathers before it writes a file: until it has the time or the size, whichever is first. */
export const secondsBetweenFiles = (
  bytesPerSecond: number,
  { bufferSeconds, bufferMegabytes }: Pick<Profile, 'bufferSeconds' | 'bufferMegabytes'>,
): number => Math.min(bufferSeconds, (bufferMegabytes * 1e6) / bytesPerSecond);

/** The share of the time that Redshift Serverless is awake: two streams load at their own times. */
export const warehouseActiveShare = (load: Load, profile: Profile): number => {
  const { bytesPerSecond, readingsPerSecond, redshiftProcessingUnits } = capacityFor(load);
  const rowsPerSecond = (WAREHOUSE_ROWS_PER_SECOND * redshiftProcessingUnits) / SMALLEST_BASE;
  const streams = profile.analytics
    ? [bytesPerSecond, readingsPerSecond * AVERAGE_ROW_BYTES]
    : [bytesPerSecond];
  const shares = streams.map((bytes) => {
    const seconds = secondsBetweenFiles(bytes, profile);
    return Math.max(MINIMUM_ACTIVE_SECONDS, (readingsPerSecond * seconds) / rowsPerSecond) / seconds;
  });
  return Math.min(
    1,
    shares.reduce((sum, share) => sum + share, 0),
  );
};

/** Whether a question every hour costs next to nothing: a warehouse that sleeps bills a minute for each. */
export const isAskedHourly = (load: Load, profile: Profile): boolean =>
  profile.warehouse === 'serverless'
    ? warehouseActiveShare(load, profile) === 1
    : profile.warehouse !== 'none';

/** RPU-hours a day at which Redshift Serverless stops: twice what the loads take, and what a person asks. */
export const dailyUnitHours = (load: Load, profile: Profile): number => {
  const wholeDay = 24 * capacityFor(load).redshiftProcessingUnits;
  return Math.ceil(Math.min(wholeDay, wholeDay * (2 * warehouseActiveShare(load, profile) + 1 / 24)));
};

const messagesCost = (millions: number): number => {
  let left = millions;
  let below = 0;
  let dollars = 0;
  for (const step of IOT_MESSAGE_STEPS) {
    const here = Math.min(left, step.upToMillions - below);
    dollars += here * step.price.dollars;
    left -= here;
    below = step.upToMillions;
  }
  return dollars;
};

const millionsOf = (value: number): string =>
  `${Number(value.toPrecision(3)).toLocaleString('en-US')} million`;

const meteredOf = (bytes: number): number => Math.ceil(bytes / METERED_BYTES);

const healthBytesPerSecond = ({ stations }: Load): number => (stations * HEALTH_BYTES) / HEALTH_SECONDS;

const stationLines = (load: Load, capacity: Capacity, profile: Profile): CostLine[] => {
  const metered = meteredOf(capacity.readingsPerMessage * READING_BYTES);
  const readingMillions = (capacity.messagesPerSecond * SECONDS_PER_MONTH * metered) / 1e6;
  const healthMillions = (load.stations * SECONDS_PER_MONTH) / HEALTH_SECONDS / 1e6;
  const millions = readingMillions + healthMillions;
  const minutes = (load.stations * MINUTES_PER_MONTH) / 1e6;
  // The rule itself is metered like each of its actions.
  const actions = 1 + (profile.analytics ? 2 : 1);
  return [
    {
      part: 'IoT Core: messages',
      size: `${millionsOf(millions)} of 5 KB, ${capacity.readingsPerMessage} reading${capacity.readingsPerMessage === 1 ? '' : 's'} each`,
      dollarsPerMonth: messagesCost(millions),
      source: PRICES.iotMessageMillion.source.name,
    },
    {
      part: 'IoT Core: rules',
      size: `${actions} for each message of readings`,
      dollarsPerMonth: (readingMillions * actions + healthMillions * 2) * PRICES.iotRuleMillion.dollars,
      source: PRICES.iotRuleMillion.source.name,
    },
    {
      part: 'IoT Core: connections',
      size: `${millionsOf(minutes)} minutes`,
      dollarsPerMonth: minutes * PRICES.iotConnectionMillionMinutes.dollars,
      source: PRICES.iotConnectionMillionMinutes.source.name,
    },
  ];
};

const deliveryLines = (load: Load, capacity: Capacity, profile: Profile): CostLine[] => {
  const { messagesPerSecond, readingsPerSecond, readingsPerMessage } = capacity;
  const bytesPerSecond = capacity.bytesPerSecond + healthBytesPerSecond(load);
  const metered = messagesPerSecond * meteredOf(readingsPerMessage * READING_BYTES);
  const read = (metered + load.stations / HEALTH_SECONDS) * METERED_BYTES;
  const averages = profile.analytics ? readingsPerSecond * AVERAGE_ROW_BYTES : 0;
  const gigabytes = ((read + averages) * SECONDS_PER_MONTH) / 1e9;
  const checks =
    (bytesPerSecond * SECONDS_PER_MONTH) / CHECKED_BYTES + SECONDS_PER_MONTH / profile.bufferSeconds;
  return [
    {
      part: 'Firehose',
      size: `${Number(gigabytes.toPrecision(3)).toLocaleString('en-US')} GB, messages in steps of 5 KB`,
      dollarsPerMonth: gigabytes * PRICES.firehoseGigabyte.dollars,
      source: PRICES.firehoseGigabyte.source.name,
    },
    {
      part: 'Lambda',
      size: 'the check of rows',
      dollarsPerMonth:
        checks *
        (CHECK_SECONDS * CHECK_GIGABYTES * PRICES.lambdaGigabyteSecond.dollars +
          PRICES.lambdaRequestMillion.dollars / 1e6),
      source: PRICES.lambdaGigabyteSecond.source.name,
    },
  ];
};

const analyticsLines = (capacity: Capacity): CostLine[] => {
  const { readingsShards, alertsShards, flinkUnits, messagesPerSecond } = capacity;
  const puts = (messagesPerSecond * SECONDS_PER_MONTH) / 1e6;
  const shards = readingsShards + alertsShards;
  return [
    {
      part: 'Kinesis',
      size: `${shards} shards`,
      dollarsPerMonth:
        shards * PRICES.kinesisShardHour.dollars * HOURS_PER_MONTH + puts * PRICES.kinesisPutMillion.dollars,
      source: PRICES.kinesisShardHour.source.name,
    },
    {
      part: 'Managed Flink',
      size: `${flinkUnits} + 1 units`,
      dollarsPerMonth:
        (flinkUnits + 1) * PRICES.flinkUnitHour.dollars * HOURS_PER_MONTH +
        flinkUnits * PRICES.flinkStorageUnitMonth.dollars,
      source: PRICES.flinkUnitHour.source.name,
    },
  ];
};

const redshiftLines = (load: Load, capacity: Capacity, profile: Profile): CostLine[] => {
  const tables = profile.analytics ? 2 : 1;
  const gigabytes = (capacity.readingsPerSecond * SECONDS_PER_MONTH * STORED_ROW_BYTES * tables) / 1e9;
  const storage: CostLine = {
    part: 'Redshift storage',
    size: 'one month of rows, 3 addresses',
    dollarsPerMonth: gigabytes * PRICES.redshiftGigabyteMonth.dollars + 3 * PRICES.publicAddressMonth.dollars,
    source: PRICES.redshiftGigabyteMonth.source.name,
  };
  if (profile.warehouse === 'provisioned') {
    const nodes = capacity.redshiftNodes;
    const dollarsPerMonth = nodes * PRICES.ra3LargeHour.dollars * HOURS_PER_MONTH;
    return [
      {
        part: 'Redshift',
        size: `${nodes} ra3.large`,
        dollarsPerMonth,
        source: PRICES.ra3LargeHour.source.name,
      },
      storage,
    ];
  }
  const units = capacity.redshiftProcessingUnits;
  const share = warehouseActiveShare(load, profile);
  const seconds = Math.round(secondsBetweenFiles(capacity.bytesPerSecond, profile));
  return [
    {
      part: 'Redshift Serverless',
      size: `${units} units, a load every ${seconds} s, awake ${Math.round(share * 100)} %`,
      dollarsPerMonth: share * HOURS_PER_MONTH * units * PRICES.redshiftUnitHour.dollars,
      source: PRICES.redshiftUnitHour.source.name,
    },
    storage,
  ];
};

/** Bytes of files that a month leaves. */
const storedBytes = (load: Load, { readingsPerSecond, bytesPerSecond }: Capacity, profile: Profile): number =>
  ((bytesPerSecond +
    healthBytesPerSecond(load) +
    (profile.analytics ? readingsPerSecond * AVERAGE_ROW_BYTES : 0)) *
    SECONDS_PER_MONTH) /
  COMPRESSION;

const storageLines = (load: Load, capacity: Capacity, profile: Profile): CostLine[] => {
  const bytes = storedBytes(load, capacity, profile);
  const streams = profile.analytics ? 2 : 1;
  const files =
    (SECONDS_PER_MONTH / secondsBetweenFiles(capacity.bytesPerSecond, profile)) * (streams + SMALL_LANES);
  const storage: CostLine = {
    part: 'S3',
    size: `${Number((bytes / 1e9).toPrecision(2)).toLocaleString('en-US')} GB compressed, ${Math.round(files).toLocaleString('en-US')} files`,
    dollarsPerMonth:
      (bytes / 1e9) * PRICES.s3GigabyteMonth.dollars + (files / 1000) * PRICES.s3WriteThousand.dollars,
    source: PRICES.s3GigabyteMonth.source.name,
  };
  if (profile.warehouse !== 'athena') return [storage];
  const queries = (QUERIES_PER_DAY * HOURS_PER_MONTH) / 24;
  const day = (bytes * 24) / HOURS_PER_MONTH;
  const asked = profile.analytics ? day : bytes;
  const hourly = HOURS_PER_MONTH * Math.max(ATHENA_MINIMUM_BYTES, DAYS_READ_HOURLY * day);
  // Once a day everything is read to be compacted, and the checks read the numbering.
  const read =
    queries * Math.max(ATHENA_MINIMUM_BYTES, asked) + 2 * bytes + 300 * ATHENA_MINIMUM_BYTES + hourly;
  return [
    storage,
    {
      part: 'Athena',
      size: `${QUERIES_PER_DAY} queries a day over the ${profile.analytics ? 'day' : 'month'}, the daily and hourly work`,
      dollarsPerMonth:
        (read / 1e12) * PRICES.athenaTerabyte.dollars + (files * 3 * PRICES.s3ReadThousand.dollars) / 1000,
      source: PRICES.athenaTerabyte.source.name,
    },
  ];
};

const watchingLines = (profile: Profile): CostLine[] => {
  const hasTables = profile.warehouse !== 'none';
  const alarms =
    ALARM_METRICS.always +
    (profile.analytics ? ALARM_METRICS.analytics : 0) +
    (hasTables ? ALARM_METRICS.tables : 0);
  const secrets = hasRedshift(profile) ? 2 : 0;
  return [
    {
      part: 'CloudWatch',
      size: `alarms on ${alarms} metrics, ${DAILY_METRICS} daily metrics, 0.2 GB of logs`,
      dollarsPerMonth:
        alarms * PRICES.alarmMetricMonth.dollars +
        (DAILY_METRICS * PRICES.customMetricMonth.dollars) / 24 +
        0.2 * PRICES.logGigabyte.dollars,
      source: PRICES.alarmMetricMonth.source.name,
    },
    ...(secrets === 0
      ? []
      : [
          {
            part: 'Secrets Manager',
            size: `${secrets} secrets`,
            dollarsPerMonth: secrets * PRICES.secretMonth.dollars,
            source: PRICES.secretMonth.source.name,
          },
        ]),
  ];
};

/** What a month costs, part by part: an estimate to choose by, not a bill. */
export const costOf = (load: Load, profile: Profile): CostLine[] => {
  const capacity = capacityFor(load);
  return [
    ...stationLines(load, capacity, profile),
    ...deliveryLines(load, capacity, profile),
    ...(profile.analytics ? analyticsLines(capacity) : []),
    ...(hasRedshift(profile) ? redshiftLines(load, capacity, profile) : []),
    ...storageLines(load, capacity, profile),
    ...watchingLines(profile),
  ];
};

export const totalOf = (lines: readonly CostLine[]): number =>
  lines.reduce((sum, { dollarsPerMonth }) => sum + dollarsPerMonth, 0);

export const formatDollars = (value: number): string =>
  value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en-US');

/** A Markdown table, which a terminal shows as well as a page. */
export const costTable = (load: Load, profile: Profile): string => {
  const lines = costOf(load, profile);
  return [
    '| part | size | $ a month | price from |',
    '| --- | --- | ---: | --- |',
    ...lines.map(
      ({ part, size, dollarsPerMonth, source }) =>
        `| ${part} | ${size} | ${formatDollars(dollarsPerMonth)} | ${source} |`,
    ),
    `| **together** | | **${formatDollars(totalOf(lines))}** | |`,
  ].join('\n');
};

/** Profiles down, stations across: the table of docs/cloud.md. Stations send together where the profile says so. */
export const profileTable = (
  choices: Readonly<Record<string, Profile>>,
  stations: readonly number[],
  intervalSeconds: number,
): string =>
  [
    `| profile | ${stations.map((n) => `${n.toLocaleString('en-US')} station${n === 1 ? '' : 's'}`).join(' | ')} |`,
    `| --- |${stations.map(() => ' ---: |').join('')}`,
    ...Object.entries(choices).map(([name, profile]) => {
      const totals = stations.map((n) =>
        formatDollars(
          totalOf(costOf({ stations: n, intervalSeconds, sendSeconds: profile.sendSeconds }, profile)),
        ),
      );
      return `| \`${name}\` | ${totals.join(' | ')} |`;
    }),
  ].join('\n');
