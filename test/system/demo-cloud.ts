import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../src/demo/free-port.ts';
import { type Chain, startChain } from './chain.ts';
import { ensureFlinkJob } from './flink-build.ts';
import { startSimulatedGateway } from './simulated-gateway.ts';

/** `npm run demo:cloud`: the post's chain on this machine, for a newcomer to watch; Ctrl-C ends it. */
const station = { id: '1', name: 'UK-Worthing' };
const PUMP_MS = 2000;

const hot = (fromSeconds: number, temperatureC: number) => ({
  ...{ kind: 'weather', fromSeconds, forSeconds: 12, temperatureC },
});
const scenario = { name: 'the heat of the post', events: [hot(60, 43.3), hot(72, 45.7), hot(84, 44.5)] };

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const NEW_ROWS = `SELECT readings.seq, readings.datetime, readings.temperature, averages.avg_temperature, averages.msg_count
  FROM sensordata AS readings
  JOIN sensordata_avgs AS averages ON averages.epoch = readings.epoch AND averages.seq = readings.seq
  WHERE readings.seq > `;

const watch = async (chain: Chain, signal: AbortSignal): Promise<void> => {
  let lastSeq = 0;
  let mailed = 0;
  while (!signal.aborted) {
    await chain.pump();
    for (const row of await chain.warehouse.query(`${NEW_ROWS}${lastSeq} ORDER BY readings.seq`)) {
      lastSeq = Number(row['seq']);
      say(
        `sensordata ${row['datetime']}  ${row['temperature']} °C   ` +
          `sensordata_avgs ${row['avg_temperature']} °C over ${row['msg_count']} message(s)`,
      );
    }
    for (const { message } of chain.mailer.mails.slice(mailed)) say(`\nMAIL  ${message}\n`);
    mailed = chain.mailer.mails.length;
    await delay(PUMP_MS, undefined, { signal }).catch(() => undefined);
  }
};

const demonstrate = async (): Promise<void> => {
  ensureFlinkJob();
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  say('Starting broker, Kinesis, Flink, warehouse and mail function ...');
  const chain = await startChain({
    stations: [{ deviceid: station.id, weatherstationname: station.name }],
    alertsCloseSeconds: 120,
  });
  const directory = mkdtempSync(join(tmpdir(), 'weather-demo-'));
  const httpPort = await freePort();
  const gateway = await startSimulatedGateway({
    ...{ station, scenario, directory, httpPort, broker: chain.broker, intervalSeconds: 12 },
  });
  say(`Dashboard of the station: http://127.0.0.1:${httpPort}/`);
  say(
    'A reading every 12 s; after a minute it gets hot, two minutes later comes the mail. Ctrl-C ends it.\n',
  );
  try {
    await Promise.race([watch(chain, stop.signal), gateway.failed]);
  } catch (error) {
    // Ctrl-C reaches the others too, and some of them are faster.
    if (!stop.signal.aborted) throw error;
  } finally {
    await gateway.stop('SIGTERM');
    await chain.stop();
    rmSync(directory, { recursive: true });
  }
};

await demonstrate().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
