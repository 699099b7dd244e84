import { type Capacity, capacityFor, type Load, READING_BYTES } from './capacity.ts';
import type { Profile } from './profiles.ts';

/** US dollars, us-east-1, list prices of 2026; those marked (M) are from memory. */
const PRICE = {
  flinkUnitHour: 0.11,
  flinkStorageUnitMonth: 5,
  shardHour: 0.015,
  kinesisPutMillion: 0.014, // (M)
  redshiftUnitHour: 0.375,
  ra3LargeHour: 0.543,
  publicAddressMonth: 3.65, // (M)
  iotMessageMillion: [
    { upToMillions: 1000, price: 1 },
    { upToMillions: 5000, price: 0.8 },
    { upToMillions: Number.POSITIVE_INFINITY, price: 0.7 },
  ],
  iotRuleMillion: 0.15, // (M)
  firehoseGigabyte: 0.029, // (M)
  storageGigabyteMonth: 0.024,
  /** Lambda, SNS, S3 requests, logs, 12 alarms, 2 secrets. */
  smallParts: 4,
} as const;

const HOURS_PER_MONTH = 730;
const SECONDS_PER_MONTH = HOURS_PER_MONTH * 3600;
/** Firehose bills each record as 5 KB at least. */
const FIREHOSE_RECORD_BYTES = 5120;
/** Redshift Serverless bills a minute for each time it wakes up. */
const MINIMUM_ACTIVE_SECONDS = 60;
/** A landing row as Redshift compresses it, bytes; assumed. */
const STORED_ROW_BYTES = 60;

export type CostLine = { readonly part: string; readonly size: string; readonly dollarsPerMonth: number };

const messagesCost = (millions: number): number => {
  let left = millions;
  let below = 0;
  let dollars = 0;
  for (const { upToMillions, price } of PRICE.iotMessageMillion) {
    const here = Math.min(left, upToMillions - below);
    dollars += here * price;
    left -= here;
    below = upToMillions;
  }
  return dollars;
};

const analyticsLines = ({ flinkUnits }: Capacity): CostLine[] => [
  {
    part: 'Managed Flink',
    size: `${flinkUnits} + 1 units`,
    dollarsPerMonth:
      (flinkUnits + 1) * PRICE.flinkUnitHour * HOURS_PER_MONTH + flinkUnits * PRICE.flinkStorageUnitMonth,
  },
];

/** Two streams load at their own times, at most a minute of work each; never more than the whole month. */
const activeSeconds = (bufferSeconds: number, streams: number): number =>
  Math.min(SECONDS_PER_MONTH, (SECONDS_PER_MONTH / bufferSeconds) * MINIMUM_ACTIVE_SECONDS * streams);

const warehouseLines = (capacity: Capacity, profile: Profile): CostLine[] => {
  if (profile.warehouse === 'none') return [];
  const streams = profile.analytics ? 2 : 1;
  const storedGigabytes = (capacity.readingsPerSecond * SECONDS_PER_MONTH * STORED_ROW_BYTES * streams) / 1e9;
  const storage: CostLine = {
    part: 'Redshift storage',
    size: 'one month of rows',
    dollarsPerMonth: storedGigabytes * PRICE.storageGigabyteMonth + 3 * PRICE.publicAddressMonth,
  };
  if (profile.warehouse === 'provisioned') {
    const nodes = capacity.redshiftNodes;
    const dollarsPerMonth = nodes * PRICE.ra3LargeHour * HOURS_PER_MONTH;
    return [{ part: 'Redshift', size: `${nodes} ra3.large`, dollarsPerMonth }, storage];
  }
  const units = capacity.redshiftProcessingUnits;
  const hours = activeSeconds(profile.bufferSeconds, streams) / 3600;
  return [
    {
      part: 'Redshift Serverless',
      size: `${units} units, a load every ${profile.bufferSeconds} s`,
      dollarsPerMonth: hours * units * PRICE.redshiftUnitHour,
    },
    storage,
  ];
};

const ingestLines = (
  { readingsPerSecond, readingsShards, alertsShards }: Capacity,
  profile: Profile,
): CostLine[] => {
  const millions = (readingsPerSecond * SECONDS_PER_MONTH) / 1e6;
  const shards = (profile.analytics ? readingsShards : 0) + alertsShards;
  const kinesisPuts = profile.analytics ? millions * PRICE.kinesisPutMillion : 0;
  const actions = profile.analytics ? 2 : 1;
  const delivered = (millions * FIREHOSE_RECORD_BYTES * (profile.analytics ? 2 : 1)) / 1e3;
  return [
    {
      part: 'IoT Core',
      size: `${millions.toPrecision(3)} million readings`,
      dollarsPerMonth: messagesCost(millions) + millions * PRICE.iotRuleMillion * (1 + actions),
    },
    {
      part: 'Kinesis',
      size: `${shards} shard${shards === 1 ? '' : 's'}`,
      dollarsPerMonth: shards * PRICE.shardHour * HOURS_PER_MONTH + kinesisPuts,
    },
    { part: 'Firehose', size: '5 KB for each record', dollarsPerMonth: delivered * PRICE.firehoseGigabyte },
  ];
};

/** What a month costs, part by part: an estimate to choose by, not a bill. */
export const costOf = (load: Load, profile: Profile): CostLine[] => {
  const capacity = capacityFor(load);
  const keptGigabytes = (capacity.readingsPerSecond * SECONDS_PER_MONTH * READING_BYTES) / 8 / 1e9;
  return [
    ...ingestLines(capacity, profile),
    ...(profile.analytics ? analyticsLines(capacity) : []),
    ...warehouseLines(capacity, profile),
    {
      part: 'S3',
      size: 'one month of compressed files',
      dollarsPerMonth: keptGigabytes * PRICE.storageGigabyteMonth,
    },
    { part: 'the small parts', size: '', dollarsPerMonth: PRICE.smallParts },
  ];
};

export const totalOf = (lines: readonly CostLine[]): number =>
  lines.reduce((sum, { dollarsPerMonth }) => sum + dollarsPerMonth, 0);

const dollars = (value: number): string =>
  value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en-US');

/** A Markdown table, which a terminal shows as well as a page. */
export const costTable = (load: Load, profile: Profile): string => {
  const lines = costOf(load, profile);
  return [
    '| part | size | $ a month |',
    '| --- | --- | ---: |',
    ...lines.map(({ part, size, dollarsPerMonth }) => `| ${part} | ${size} | ${dollars(dollarsPerMonth)} |`),
    `| **together** | | **${dollars(totalOf(lines))}** |`,
  ].join('\n');
};

/** Profiles down, stations across: the table of docs/cloud.md. */
export const profileTable = (
  choices: Readonly<Record<string, Profile>>,
  stations: readonly number[],
  intervalSeconds: number,
): string =>
  [
    `| profile | ${stations.map((n) => `${n.toLocaleString('en-US')} station${n === 1 ? '' : 's'}`).join(' | ')} |`,
    `| --- |${stations.map(() => ' ---: |').join('')}`,
    ...Object.entries(choices).map(([name, profile]) => {
      const totals = stations.map((n) => dollars(totalOf(costOf({ stations: n, intervalSeconds }, profile))));
      return `| \`${name}\` | ${totals.join(' | ')} |`;
    }),
  ].join('\n');
