import { fileURLToPath } from 'node:url';
import { Logger } from '@aws-lambda-powertools/logger';
import type { FirehoseTransformationEvent, FirehoseTransformationResult } from 'aws-lambda';
import { parseJson } from '../../src/weather/format.ts';
import type { LandingTableKey } from '../sql/landing-tables.ts';
import { checkRow, checkValue, columnsOf } from '../sql/row-check.ts';
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

const MAX_LOGGED_LENGTH = 500;
/** Of one batch: a message of 128 KB may hold thousands. */
const MAX_LOGGED_ROWS = 5;

/** What a station sent together, as one line for each row. A row that COPY would refuse is counted, and shown in the log. */
const takeApart = (text: string, reject: (text: string, rows: number) => void): Checked | null => {
  const checked = parseArray(text).map((row) => ({ row, ...checkValue(columns, row) }));
  const good = checked.flatMap((each) => (each.problem === undefined ? [each.text] : []));
  if (good.length === 0) return null;
  const bad = checked.filter(({ problem }) => problem !== undefined);
  if (bad.length > 0) reject(text, bad.length);
  for (const { row, problem } of bad.slice(0, MAX_LOGGED_ROWS))
    logger.warn('row of a batch rejected', { problem, row: shown(row) });
  return asData(good);
};

const checkOne = (text: string): Checked | null => {
  const checked = checkRow(columns, text);
  return checked.problem === undefined ? asData([checked.text]) : null;
};

const shown = (row: unknown): string => {
  try {
    return (JSON.stringify(row) ?? '').slice(0, MAX_LOGGED_LENGTH);
  } catch {
    // Nested too deep.
    return '';
  }
};

const parseArray = (text: string): readonly unknown[] => {
  const value = parseJson(text);
  return Array.isArray(value) ? value : [];
};

/**
 * Firehose asks before it writes a file: rows that COPY would refuse go to the bucket by themselves, under `failed/`,
 * and never into a file with the rows of other stations.
 */
export const handler = ({ records }: FirehoseTransformationEvent): Promise<FirehoseTransformationResult> => {
  const rejected = new Map<string, number>();
  const reject = (text: string, rows = 1): void => {
    const station = stationOf(text);
    rejected.set(station, (rejected.get(station) ?? 0) + rows);
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
