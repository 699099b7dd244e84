import { fileURLToPath } from 'node:url';
import { Logger } from '@aws-lambda-powertools/logger';
import type { FirehoseTransformationEvent, FirehoseTransformationResult } from 'aws-lambda';
import type { LandingTableKey } from '../sql/landing-tables.ts';
import { checkRow, columnsOf } from '../sql/row-check.ts';
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

const asData = (rows: readonly string[]): Checked => ({
  result: 'Ok',
  data: Buffer.from(`${rows.join('\n')}\n`).toString('base64'),
});

type Checked = Pick<FirehoseTransformationResult['records'][number], 'result' | 'data'>;

const LONGEST_LOGGED = 500;

/** What a station sent together, as one line for each row. A row that COPY would refuse is left in the log alone. */
const takeApart = (text: string, reject: (row: string) => void): Checked | null => {
  const rows = parseArray(text).map((row) => JSON.stringify(row));
  const checked = rows.map((row) => ({ row, ...checkRow(columns, row) }));
  const good = checked.flatMap((each) => (each.problem === undefined ? [each.text] : []));
  if (good.length === 0) return null;
  for (const { row } of checked.filter(({ problem }) => problem !== undefined)) {
    reject(row);
    logger.warn('row of a batch rejected', { row: row.slice(0, LONGEST_LOGGED) });
  }
  return asData(good);
};

const checkOne = (text: string): Checked | null => {
  const checked = checkRow(columns, text);
  return checked.problem === undefined ? asData([checked.text]) : null;
};

const parseArray = (text: string): readonly unknown[] => {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
};

/**
 * Firehose asks before it writes a file: rows that COPY would refuse go to the bucket by themselves, under `failed/`,
 * and never into a file with the rows of other stations.
 */
export const handler = ({ records }: FirehoseTransformationEvent): Promise<FirehoseTransformationResult> => {
  const rejected = new Map<string, number>();
  const reject = (text: string): void => {
    const station = stationOf(text);
    rejected.set(station, (rejected.get(station) ?? 0) + 1);
  };
  const check = (data: string): Checked => {
    const text = Buffer.from(data, 'base64').toString('utf8');
    const checked = text.startsWith('[') ? takeApart(text, reject) : checkOne(text);
    if (checked) return checked;
    reject(text);
    return { result: 'ProcessingFailed', data };
  };
  const checked = records.map(({ recordId, data }) => ({ recordId, ...check(data) }));
  countRejected(rejected);
  return Promise.resolve({ records: checked });
};
