import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { z } from 'zod';
import type { Session } from '../sql/data-api-session.ts';
import { stationName } from './alert-mail.ts';

/** Each has a heading of its name in the runbook. */
export const stationAlarms = [
  'station-silent',
  'station-undervoltage',
  'station-instrument-failed',
  'station-certificate-ends',
] as const;
type StationAlarm = (typeof stationAlarms)[number];

const RUNBOOK = 'docs/operations.md';

/** Athena gives a page of 1,000 rows, and DynamoDB an item of 400 KB. */
const MAX_STATIONS = 500;
const MAX_LINES = 100;

/** The dialect of Redshift; what a station says of itself counts as long as it stands. */
export const STATIONS_IN_TROUBLE = `SELECT deviceid, weatherstationname, silent, last_arrival, undervoltage, failing,
  certificatedays FROM station_health
  WHERE silent = 1 OR undervoltage = 1 OR failing > 0 OR certificatedays < 30
  ORDER BY deviceid LIMIT ${MAX_STATIONS}`;

export type Raised = {
  readonly alarm: StationAlarm;
  readonly deviceid: string;
  /** For people. */
  readonly name: string;
  /** What there is to say of it. */
  readonly detail: string;
};

type Row = readonly (string | number | null)[];

const raisedBy = ([id, given, silent, arrival, undervoltage, failing, days]: Row): Raised[] => {
  const deviceid = String(id);
  const name = stationName(deviceid, given === null ? null : String(given));
  const raise = (alarm: StationAlarm, isSo: boolean, detail: string): Raised[] =>
    isSo ? [{ alarm, deviceid, name, detail }] : [];
  const since = String(arrival ?? '').slice(0, 19);
  return [
    ...raise('station-silent', Number(silent) === 1, `nothing has arrived since ${since} UTC`),
    ...raise('station-undervoltage', Number(undervoltage) === 1, 'its supply was too low within a day'),
    ...raise('station-instrument-failed', Number(failing ?? 0) > 0, `${failing} instrument(s) failing`),
    ...raise(
      'station-certificate-ends',
      days !== null && days !== undefined && Number(days) < 30,
      `its certificate ends in ${days} day(s)`,
    ),
  ];
};

/** Alarms by station that somebody was mailed for and that stand, as `ALARM/STATION`. */
type Mailed = readonly string[];

const keyOf = ({ alarm, deviceid }: Pick<Raised, 'alarm' | 'deviceid'>): string => `${alarm}/${deviceid}`;

const listed = (lines: readonly string[]): string[] =>
  lines.length <= MAX_LINES
    ? [...lines]
    : [...lines.slice(0, MAX_LINES), `and ${lines.length - MAX_LINES} more: SELECT * FROM station_health`];

type News = { readonly message: string | null; readonly mailed: Mailed };

/**
 * `daily` also says what is over. In the hours between, what comes and goes would be mailed again and again: it stays
 * known until the next day, and is mailed once.
 */
export type AlarmRound = 'hourly' | 'daily';

/** What is to be mailed of all that stands; each alarm of a station once when it begins, and once when it is over. */
export const newsOf = (rows: readonly Row[], before: Mailed, round: AlarmRound): News => {
  const raised = rows.flatMap(raisedBy);
  const standing = new Set(raised.map(keyOf));
  const known = new Set(before);
  const begun = raised.filter((each) => !known.has(keyOf(each)));
  // A list that was cut says nothing of who is not on it.
  const isSettled = round === 'daily' && rows.length < MAX_STATIONS;
  const over = isSettled ? before.filter((key) => !standing.has(key)) : [];
  const lines = [
    ...listed(
      begun.map(
        ({ alarm, name, deviceid, detail }) =>
          `Weather station "${name}" (${deviceid}): ${detail}. ${alarm}: see ${RUNBOOK}#${alarm}`,
      ),
    ),
    ...listed(over.map((key) => `Over: ${key.replace('/', ' of station ')}`)),
  ];
  return {
    message: lines.length === 0 ? null : lines.join('\n'),
    mailed: [...(isSettled ? [] : before.filter((key) => !standing.has(key))), ...standing],
  };
};

const ITEM = 'station-alarms';
const savedMailed = z.array(z.string());

type StationAlarmParts = {
  readonly session: Session;
  /** Of the tables that it asks. */
  readonly dialect: (sql: string) => string;
  readonly dynamo: DynamoDBClient;
  readonly sns: SNSClient;
  readonly sentMailsTable: string;
  readonly topicArn: string;
  readonly round: AlarmRound;
};

/** Mails first and remembers then: a mail that comes twice is better than none. */
export const mailStationAlarms = async (parts: StationAlarmParts): Promise<void> => {
  const { session, dialect, dynamo, sns, sentMailsTable, topicArn, round } = parts;
  const rows = await session.query(dialect(STATIONS_IN_TROUBLE));
  const { Item } = await dynamo.send(
    new GetItemCommand({ TableName: sentMailsTable, Key: { id: { S: ITEM } }, ConsistentRead: true }),
  );
  const before = savedMailed.parse(JSON.parse(Item?.['mailed']?.S ?? '[]'));
  const { message, mailed } = newsOf(rows, before, round);
  if (message === null) return;
  await sns.send(
    new PublishCommand({ TopicArn: topicArn, Subject: 'Weather stations need somebody', Message: message }),
  );
  await dynamo.send(
    new PutItemCommand({
      TableName: sentMailsTable,
      Item: { id: { S: ITEM }, mailed: { S: JSON.stringify(mailed) } },
    }),
  );
};
