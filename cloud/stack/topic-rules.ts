import type { Topics } from '../../src/weather/message.ts';
import type { LandingTableKey } from '../sql/landing-tables.ts';

/** One rule of IoT Core: which messages, and where what it selects goes. */
export type TopicRule = {
  readonly lane: keyof Topics;
  readonly sql: string;
  /** Delivered to this table. */
  readonly table: LandingTableKey;
  /** The selected value is an array, which Firehose takes apart. */
  readonly isBatch: boolean;
  /** The Kinesis stream that gets it as well. */
  readonly stream: 'readings' | 'alerts' | null;
};

/** The version the SQL below is written for; 2015-10-08 knows no arrays at the top. */
export const IOT_SQL_VERSION = '2016-03-23';

/**
 * The policy ties a station to topics with its own name; the WHERE clauses tie the payload to the topic, so no
 * station can write another one's rows. A backlog is refused whole when one of its readings is somebody else's.
 */
export const topicRules = (topicPrefix: string): TopicRule[] => {
  const station = `topic(${topicPrefix.split('/').length + 1})`;
  const isOwn = `deviceid = ${station}`;
  const strangers = `SELECT deviceid FROM readings WHERE deviceid <> ${station}`;
  return [
    {
      lane: 'reading',
      sql: `SELECT * FROM '${topicPrefix}/+/reading' WHERE ${isOwn}`,
      table: 'sensordata',
      isBatch: false,
      stream: 'readings',
    },
    {
      lane: 'backlog',
      sql: `SELECT VALUE readings FROM '${topicPrefix}/+/backlog' WHERE isUndefined(get((${strangers}), 0))`,
      table: 'sensordata',
      isBatch: true,
      stream: 'readings',
    },
    {
      lane: 'prealert',
      sql: `SELECT * FROM '${topicPrefix}/+/prealert' WHERE ${isOwn}`,
      table: 'prealerts',
      isBatch: false,
      stream: 'alerts',
    },
    {
      lane: 'gap',
      sql: `SELECT * FROM '${topicPrefix}/+/gap' WHERE ${isOwn}`,
      table: 'gaps',
      isBatch: false,
      stream: 'alerts',
    },
    {
      lane: 'status',
      sql: `SELECT *, timestamp() AS receivedms FROM '${topicPrefix}/+/status' WHERE ${isOwn}`,
      table: 'status',
      isBatch: false,
      stream: null,
    },
  ];
};

/** The partition key of a Kinesis record: all of one station in one shard, in order. */
export const partitionKeyOf = (topicPrefix: string): string =>
  `\${topic(${topicPrefix.split('/').length + 1})}`;
