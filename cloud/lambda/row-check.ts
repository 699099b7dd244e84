import { fileURLToPath } from 'node:url';
import { Logger } from '@aws-lambda-powertools/logger';
import type { FirehoseTransformationEvent, FirehoseTransformationResult } from 'aws-lambda';
import type { LandingTableKey } from '../sql/landing-tables.ts';
import { columnsOf, rowProblem } from '../sql/row-check.ts';
import { loadSchema } from '../sql/warehouse-schema.ts';
import { requiredVariable } from './environment.ts';

const logger = new Logger({ serviceName: 'row-check' });
const columns = columnsOf(
  requiredVariable('TABLE') as LandingTableKey,
  loadSchema(fileURLToPath(new URL('sql', import.meta.url))),
);

const stationOf = (text: string): string => /"deviceid":"([^"]{1,100})"/.exec(text)?.[1] ?? 'unknown';

/** A line for each station; CloudWatch makes the metric that all share. */
const countRejected = (rejected: ReadonlyMap<string, number>): void => {
  for (const [station, rows] of rejected) {
    logger.warn('rows rejected', {
      station,
      _aws: {
        Timestamp: Date.now(),
        CloudWatchMetrics: [
          {
            Namespace: 'WeatherGateway',
            Dimensions: [[]],
            Metrics: [{ Name: 'RowsRejected', Unit: 'Count' }],
          },
        ],
      },
      RowsRejected: rows,
    });
  }
};

/**
 * Firehose asks before it writes a file: rows that COPY would refuse go to the bucket by themselves, under `failed/`,
 * and never into a file with the rows of other stations.
 */
export const handler = ({ records }: FirehoseTransformationEvent): Promise<FirehoseTransformationResult> => {
  const rejected = new Map<string, number>();
  const checked = records.map(({ recordId, data }) => {
    const text = Buffer.from(data, 'base64').toString('utf8');
    if (rowProblem(columns, text) === null) return { recordId, result: 'Ok' as const, data };
    const station = stationOf(text);
    rejected.set(station, (rejected.get(station) ?? 0) + 1);
    return { recordId, result: 'ProcessingFailed' as const, data };
  });
  countRejected(rejected);
  return Promise.resolve({ records: checked });
};
