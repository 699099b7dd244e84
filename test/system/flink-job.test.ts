import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { AlertRow, AverageRow } from '../../cloud/contract/rows.ts';
import { type Firehose, startFirehose } from './stand-ins/firehose.ts';
import { startFlinkJob } from './stand-ins/flink-job.ts';
import { type Kinesis, REGION, startKinesis } from './stand-ins/kinesis.ts';

const directory = mkdtempSync(join(tmpdir(), 'flink-job-'));
const averages = new Map<number, AverageRow>();
let kinesis: Kinesis;
let firehose: Firehose;

beforeAll(async () => {
  kinesis = await startKinesis({ readings: 1, alerts: 1 });
  firehose = await startFirehose();
});

afterAll(async () => {
  await kinesis.stop();
  await firehose.stop();
  rmSync(directory, { recursive: true });
});

const listStations = (...lines: string[]): void => {
  writeFileSync(join(directory, 'stations.csv'), ['deviceid,weatherstationname', ...lines, ''].join('\n'));
};

const start = () => {
  const stations = join(directory, 'stations.csv');
  return startFlinkJob(
    {
      'aws.region': REGION,
      'input.stream.arn': kinesis.arnOf('readings'),
      'alerts.stream.arn': kinesis.arnOf('alerts'),
      'averages.delivery.stream': 'averages',
      'errors.delivery.stream': 'errors',
      'stations.uri': `file://${stations}`,
      'kinesis.endpoint': kinesis.endpoint,
      'firehose.endpoint': firehose.endpoint,
      'alerts.close.seconds': '5',
    },
    directory,
  );
};

const startedAt = Math.floor(Date.now() / 1000) * 1000 - 400_000;

const send = async (fromSeq: number, toSeq: number): Promise<void> => {
  for (let seq = fromSeq; seq <= toSeq; seq++) {
    const datetime = new Date(startedAt + seq * 12_000).toISOString().slice(0, 19).replace('T', ' ');
    const temperature = seq <= 3 ? 40 + seq : 20;
    await kinesis.put(
      'readings',
      '1',
      JSON.stringify({ deviceid: '1', datetime, temperature, humidity: 50, epoch: '01JX', seq }),
    );
  }
};

/** msg_count of the rows sent since the last clear, by seq. */
const takeAverages = (): number[] => {
  const rows = Buffer.from(firehose.takeFile('averages')).toString('utf8').split('\n').filter(Boolean);
  for (const row of rows.map((line): AverageRow => JSON.parse(line))) {
    const known = averages.get(row.seq ?? 0);
    if (!known || known.revision < row.revision) averages.set(row.seq ?? 0, row);
  }
  return [...averages].sort(([a], [b]) => a - b).map(([, row]) => row.msg_count);
};

it('goes on from its last checkpoint when it is killed', async () => {
  // As the stack makes the list: header only. The first station is listed while the job runs.
  listStations();
  const firstLife = start();
  await send(1, 6);
  await expect.poll(takeAverages).toEqual([1, 2, 3, 4, 5, 6]);
  listStations('1,UK-Worthing');
  await firstLife.checkpoint();
  await firstLife.kill();
  averages.clear();

  await send(7, 9);
  const secondLife = start();
  await expect.poll(takeAverages).toEqual([6, 6, 6]);
  await expect.poll(() => kinesis.records('alerts')).not.toEqual([]);
  await secondLife.kill();

  const alerts = (await kinesis.records('alerts')).map((record): AlertRow => JSON.parse(record));
  const one = new Map(alerts.map((alert) => [alert.alertid, alert]));
  // The window was opened before the station was listed; the rows after that have its name.
  expect([...one.values()]).toMatchObject([{ weatherstationname: null, count: 3, late: false }]);
  expect(averages.get(9)?.weatherstationname).toBe('UK-Worthing');
});
