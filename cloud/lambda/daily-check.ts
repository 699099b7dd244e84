import { AthenaClient } from '@aws-sdk/client-athena';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  type Certificate,
  DescribeCertificateCommand,
  IoTClient,
  paginateListCACertificates,
  paginateListCertificates,
  paginateListCertificatesByCA,
} from '@aws-sdk/client-iot';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { SNSClient } from '@aws-sdk/client-sns';
import { athenaTargetFrom, openAthenaSession } from '../sql/athena-session.ts';
import { dataApiTargetFrom } from '../sql/data-api.ts';
import { openSession, type Session } from '../sql/data-api-session.ts';
import { toAthena } from '../sql/lake-schema.ts';
import { requiredVariable } from './environment.ts';
import { type AlarmRound, mailStationAlarms } from './station-alarms.ts';

const DAY_MS = 86_400_000;
/** Certificates that AWS IoT signs end in 2049; one of an own authority may end tomorrow. */
const NONE_ENDS = 36_500;
/** The most that IoT lists at once: a hundred thousand stations are 400 requests. */
const PAGE = 250;

const iot = new IoTClient();

const daysLeft = async (certificateId: string): Promise<number> => {
  const { certificateDescription } = await iot.send(new DescribeCertificateCommand({ certificateId }));
  const ends = certificateDescription?.validity?.notAfter;
  return ends === undefined ? NONE_ENDS : (ends.getTime() - Date.now()) / DAY_MS;
};

/** Certificates in use that AWS IoT did not sign: those registered without an authority, and those of an own one. */
const foreignCertificates = async (): Promise<string[]> => {
  const found: Certificate[] = [];
  for await (const { certificates = [] } of paginateListCertificates({ client: iot, pageSize: PAGE }, {})) {
    found.push(...certificates.filter(({ certificateMode }) => certificateMode === 'SNI_ONLY'));
  }
  for await (const { certificates = [] } of paginateListCACertificates({ client: iot, pageSize: PAGE }, {})) {
    for (const { certificateId: caCertificateId } of certificates) {
      const pages = paginateListCertificatesByCA({ client: iot, pageSize: PAGE }, { caCertificateId });
      for await (const page of pages) found.push(...(page.certificates ?? []));
    }
  }
  return found.flatMap(({ certificateId, status }) =>
    certificateId !== undefined && status === 'ACTIVE' ? [certificateId] : [],
  );
};

const fewestDaysLeft = async (): Promise<number> => {
  let fewest = NONE_ENDS;
  for (const certificateId of await foreignCertificates()) {
    fewest = Math.min(fewest, await daysLeft(certificateId));
  }
  return fewest;
};

const LOAD_ERRORS = `SELECT COUNT(*) FROM sys_load_error_detail WHERE start_time > DATEADD('hour', -24, GETDATE())`;
/** By when the hole showed: what was lost on the first of five days away shows when the last has arrived. */
export const MISSING = `SELECT COALESCE(SUM(CAST(missing AS DECIMAL(38, 0))), 0) FROM sensordata_gaps
  WHERE known_since > DATEADD('hour', -48, GETDATE())`;
const DOUBLE = `SELECT COUNT(*) FROM concurrent_epochs WHERE to_datetime > DATEADD('day', -7, GETDATE())`;

const countBy =
  (session: Session) =>
  async (statement: string): Promise<number> =>
    Number((await session.query(statement))[0]?.[0] ?? 0);

type Tables = {
  readonly session: Session;
  readonly dialect: (sql: string) => string;
  readonly isCopied: boolean;
};

/** `null` in a profile without tables. */
const openTables = (): Tables | null => {
  const lake = athenaTargetFrom(process.env);
  if (lake) {
    return {
      session: openAthenaSession(new AthenaClient(), lake),
      dialect: toAthena,
      isCopied: false,
    };
  }
  if (process.env['DATABASE'] === undefined) return null;
  const session = openSession(new RedshiftDataClient(), dataApiTargetFrom(process.env));
  return { session, dialect: (sql) => sql, isCopied: true };
};

const tableCounts = async ({ session, dialect, isCopied }: Tables): Promise<Record<string, number>> => {
  const count = countBy(session);
  return {
    ...(isCopied ? { LoadErrors: await count(LOAD_ERRORS) } : {}),
    MissingReadings: await count(dialect(MISSING)),
    StationsTwice: await count(dialect(DOUBLE)),
  };
};

const writeMetrics = async (tables: Tables | null): Promise<void> => {
  const values = {
    CertificateDaysLeft: await fewestDaysLeft(),
    ...(tables ? await tableCounts(tables) : {}),
  };
  const line = {
    _aws: {
      Timestamp: Date.now(),
      CloudWatchMetrics: [
        {
          Namespace: 'WeatherGateway',
          Dimensions: [[]],
          Metrics: Object.keys(values).map((Name) => ({ Name, Unit: 'Count' })),
        },
      ],
    },
    ...values,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
};

/** Of the rule that calls it; by hand nothing need be given. */
type CheckEvent = { readonly round?: AlarmRound };

/**
 * What no metric of AWS says: certificates about to end, rows that COPY skipped, holes, stations in trouble. In the hours
 * between it looks at the stations alone.
 */
export const handler = async ({ round = 'daily' }: CheckEvent): Promise<void> => {
  const tables = openTables();
  if (round === 'daily') await writeMetrics(tables);
  if (tables === null) return;
  await mailStationAlarms({
    ...tables,
    dynamo: new DynamoDBClient(),
    sns: new SNSClient(),
    sentMailsTable: requiredVariable('SENT_MAILS_TABLE'),
    topicArn: requiredVariable('TOPIC_ARN'),
    round,
  });
};
