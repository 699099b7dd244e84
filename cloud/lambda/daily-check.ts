import { AthenaClient } from '@aws-sdk/client-athena';
import {
  DescribeCertificateCommand,
  IoTClient,
  paginateListThingPrincipals,
  paginateListThingsInThingGroup,
} from '@aws-sdk/client-iot';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { athenaTargetFrom, openAthenaSession } from '../sql/athena-session.ts';
import { dataApiTargetFrom } from '../sql/data-api.ts';
import { openSession, type Session } from '../sql/data-api-session.ts';
import { toAthena } from '../sql/lake-schema.ts';
import { requiredVariable } from './environment.ts';

const DAY_MS = 86_400_000;
/** Certificates that AWS IoT signs end in 2049; one of an own authority may end tomorrow. */
const NONE_ENDS = 36_500;

const iot = new IoTClient();

const daysLeft = async (certificateArn: string): Promise<number> => {
  const certificateId = certificateArn.split('/').at(-1);
  const { certificateDescription } = await iot.send(new DescribeCertificateCommand({ certificateId }));
  const ends = certificateDescription?.validity?.notAfter;
  return ends === undefined ? NONE_ENDS : (ends.getTime() - Date.now()) / DAY_MS;
};

const fewestDaysLeft = async (thingGroupName: string): Promise<number> => {
  let fewest = NONE_ENDS;
  for await (const { things = [] } of paginateListThingsInThingGroup({ client: iot }, { thingGroupName })) {
    for (const thingName of things) {
      for await (const { principals = [] } of paginateListThingPrincipals({ client: iot }, { thingName })) {
        for (const principal of principals) fewest = Math.min(fewest, await daysLeft(principal));
      }
    }
  }
  return fewest;
};

const LOAD_ERRORS = `SELECT COUNT(*) FROM sys_load_error_detail WHERE start_time > DATEADD('hour', -24, GETDATE())`;
/** By when the hole showed: what was lost on the first of five days away shows when the last has arrived. */
const MISSING = `SELECT COALESCE(SUM(missing), 0) FROM sensordata_gaps
  WHERE known_since > DATEADD('hour', -48, GETDATE())`;
const SILENT = `SELECT COALESCE(SUM(silent), 0) FROM station_health
  WHERE last_arrival > DATEADD('day', -30, GETDATE())`;
const DOUBLE = `SELECT COUNT(*) FROM concurrent_epochs WHERE to_datetime > DATEADD('day', -7, GETDATE())`;

const countBy =
  (session: Session) =>
  async (statement: string): Promise<number> =>
    Number((await session.query(statement))[0]?.[0] ?? 0);

const tableCounts = async (): Promise<Record<string, number>> => {
  const lake = athenaTargetFrom(process.env);
  if (lake) {
    const count = countBy(openAthenaSession(new AthenaClient(), lake));
    return {
      MissingReadings: await count(toAthena(MISSING)),
      SilentStations: await count(toAthena(SILENT)),
      StationsTwice: await count(toAthena(DOUBLE)),
    };
  }
  if (process.env['DATABASE'] === undefined) return {};
  const count = countBy(openSession(new RedshiftDataClient(), dataApiTargetFrom(process.env)));
  return {
    LoadErrors: await count(LOAD_ERRORS),
    MissingReadings: await count(MISSING),
    SilentStations: await count(SILENT),
    StationsTwice: await count(DOUBLE),
  };
};

/** What no metric of AWS says: certificates about to end, rows that COPY skipped, holes, silent stations. */
export const handler = async (): Promise<void> => {
  const values = {
    CertificateDaysLeft: await fewestDaysLeft(requiredVariable('THING_GROUP')),
    ...(await tableCounts()),
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
