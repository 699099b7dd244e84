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
 * station can write another one's rows. Each asks for what must be there, because a comparison with something
 * missing is not true: a backlog is an array with at least one reading, all of whose ids are the station's; one that
 * has anything else in it is refused whole. `=` compares arrays item by item and gives false for different types
 * (AWS IoT SQL reference, Operators).
 *
 * Events that share a stream with the Flink job's rows carry their lane. A message that brings a `lane` of its own is
 * refused, and the job's rows have none, so neither can be taken for the other.
 */
export const topicRules = (topicPrefix: string): TopicRule[] => {
  const station = `topic(${topicPrefix.split('/').length + 1})`;
  const isOwn = `deviceid = ${station}`;
  const ids = '(SELECT VALUE deviceid FROM readings)';
  const isOwnBacklog = `${station} IN ${ids} AND ${ids} = (SELECT VALUE ${station} FROM readings)`;
  const event = (lane: 'prealert' | 'gap'): string =>
    `SELECT *, '${lane}' AS lane FROM '${topicPrefix}/+/${lane}' WHERE ${isOwn} AND isUndefined(lane)`;
  const received = (lane: 'status' | 'health'): string =>
    `SELECT *, timestamp() AS receivedms FROM '${topicPrefix}/+/${lane}' WHERE ${isOwn} AND isUndefined(receivedms)`;
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
      sql: `SELECT VALUE readings FROM '${topicPrefix}/+/backlog' WHERE ${isOwnBacklog}`,
      table: 'sensordata',
      isBatch: true,
      stream: 'readings',
    },
    {
      lane: 'prealert',
      sql: event('prealert'),
      table: 'prealerts',
      isBatch: false,
      stream: 'alerts',
    },
    {
      lane: 'gap',
      sql: event('gap'),
      table: 'gaps',
      isBatch: false,
      stream: 'alerts',
    },
    {
      lane: 'status',
      sql: received('status'),
      table: 'status',
      isBatch: false,
      stream: null,
    },
    {
      lane: 'health',
      sql: received('health'),
      table: 'health',
      isBatch: false,
      stream: null,
    },
  ];
};

/** The partition key of a Kinesis record: all of one station in one shard, in order. */
export const partitionKeyOf = (topicPrefix: string): string =>
  `\${topic(${topicPrefix.split('/').length + 1})}`;
