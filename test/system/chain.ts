import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { formatStations, type Station } from '../../cloud/contract/stations.ts';
import { type LandingTableKey, landingTables } from '../../cloud/sql/landing-tables.ts';
import { checkRow, columnsOf } from '../../cloud/sql/row-check.ts';
import { loadSchema } from '../../cloud/sql/warehouse-schema.ts';
import { createMosquitto, type Mosquitto } from './mosquitto.ts';
import { startFirehose } from './stand-ins/firehose.ts';
import { type FlinkJob, startFlinkJob } from './stand-ins/flink-job.ts';
import { REGION, startKinesis } from './stand-ins/kinesis.ts';
import { type MailFunction, startMailFunction } from './stand-ins/mail-function.ts';
import { type RuleEngine, startRuleEngine } from './stand-ins/rule-engine.ts';
import { openWarehouse, type Warehouse } from './stand-ins/warehouse.ts';

/**
 * The post's chain on one machine: mosquitto over mutual TLS, the rules' SQL, kinesis-local, the real Flink job, the
 * project's SQL in PGlite, the bundled mail function. What AWS alone has is stood in for in `stand-ins/`.
 */
export type Chain = {
  readonly broker: Mosquitto;
  readonly rules: RuleEngine;
  readonly warehouse: Warehouse;
  readonly mailer: MailFunction;
  /** Firehose's and Lambda's turn: files into tables, alerts into mails. Both are delivered twice, files out of order. */
  pump(): Promise<void>;
  /** `kill -9`, then a new one from the last checkpoint. */
  restartFlink(): Promise<void>;
  stop(): Promise<void>;
};

const schema = loadSchema(fileURLToPath(new URL('../../cloud/sql', import.meta.url)));
const TABLES = Object.keys(landingTables) as LandingTableKey[];

export type ChainOptions = {
  readonly stations: readonly Station[];
  /** How long an alert window is kept open; AWS's job takes two minutes. */
  readonly alertsCloseSeconds: number;
};

export const startChain = async ({ stations, alertsCloseSeconds }: ChainOptions): Promise<Chain> => {
  const directory = mkdtempSync(join(tmpdir(), 'weather-chain-'));
  const stationsFile = join(directory, 'stations.csv');
  writeFileSync(stationsFile, formatStations(stations));
  const [broker, kinesis, firehose, warehouse, mailer] = await Promise.all([
    createMosquitto(),
    startKinesis({ readings: 1, alerts: 1 }),
    startFirehose(),
    openWarehouse(),
    startMailFunction(),
  ]);
  await Promise.all([broker.start(), warehouse.applySchema()]);
  const startFlink = (): FlinkJob =>
    startFlinkJob(
      {
        'aws.region': REGION,
        'input.stream.arn': kinesis.arnOf('readings'),
        'alerts.stream.arn': kinesis.arnOf('alerts'),
        'averages.delivery.stream': 'averages',
        'errors.delivery.stream': 'errors',
        'stations.uri': `file://${stationsFile}`,
        'kinesis.endpoint': kinesis.endpoint,
        'firehose.endpoint': firehose.endpoint,
        'alerts.close.seconds': String(alertsCloseSeconds),
      },
      directory,
    );
  let flink = startFlink();
  const rules = await startRuleEngine(broker, {
    async deliver(table, records) {
      const response = await fetch(firehose.endpoint, {
        method: 'POST',
        body: JSON.stringify({
          DeliveryStreamName: table,
          Records: records.map((record) => ({ Data: Buffer.from(record).toString('base64') })),
        }),
      });
      if (!response.ok) throw new Error(`Firehose refused: ${await response.text()}`);
    },
    put: (stream, partitionKey, record) => kinesis.put(stream, partitionKey, record),
  });

  const delayedFiles: { table: LandingTableKey; file: Uint8Array }[] = [];
  const load = async (): Promise<void> => {
    // Last time's files once more, after this time's: twice, and out of order.
    const again = delayedFiles.splice(0);
    for (const table of TABLES) {
      const lines = firehose.takeFile(table);
      if (lines.length === 0) continue;
      const good = Buffer.from(lines)
        .toString('utf8')
        .split('\n')
        .flatMap((line) => {
          const checked = checkRow(columnsOf(table, schema), line);
          return checked.problem === undefined ? [checked.text] : [];
        });
      const file = gzipSync(good.map((line) => `${line}\n`).join(''));
      await warehouse.copy(table, file);
      delayedFiles.push({ table, file });
    }
    for (const { table, file } of again) await warehouse.copy(table, file);
  };

  return {
    broker,
    rules,
    warehouse,
    mailer,
    async pump() {
      await Promise.race([flink.failed, load()]);
      // The whole stream each time: the function must know what it has mailed.
      const alerts = await kinesis.records('alerts');
      if (alerts.length > 0) await mailer.deliver(alerts);
    },
    async restartFlink() {
      await flink.checkpoint();
      await flink.kill();
      flink = startFlink();
    },
    async stop() {
      await rules.stop();
      await flink.kill();
      await Promise.all([
        broker.dispose(),
        kinesis.stop(),
        firehose.stop(),
        warehouse.close(),
        mailer.stop(),
      ]);
      rmSync(directory, { recursive: true });
    },
  };
};
