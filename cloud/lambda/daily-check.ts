import { AthenaClient } from '@aws-sdk/client-athena';
import {
  type Certificate,
  DescribeCertificateCommand,
  IoTClient,
  paginateListCACertificates,
  paginateListCertificates,
  paginateListCertificatesByCA,
} from '@aws-sdk/client-iot';
import { RedshiftDataClient } from '@aws-sdk/client-redshift-data';
import { athenaTargetFrom, openAthenaSession } from '../sql/athena-session.ts';
import { dataApiTargetFrom } from '../sql/data-api.ts';
import { openSession, type Session } from '../sql/data-api-session.ts';
import { toAthena } from '../sql/lake-schema.ts';

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
    CertificateDaysLeft: await fewestDaysLeft(),
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
