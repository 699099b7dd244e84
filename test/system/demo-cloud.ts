import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../../src/demo/demo.ts';
import { formatError } from '../../src/weather/format.ts';
import { type Chain, startChain } from './chain.ts';
import { ensureChainNeeds } from './chain-needs.ts';
import { heatOfThePost } from './heat-of-the-post.ts';
import { startSimulatedGateway } from './simulated-gateway.ts';

/** `npm run demo:cloud`: the post's chain on this machine, for a newcomer to watch; Ctrl-C ends it. */
const USAGE = `Usage: npm run demo:cloud -- [options]

  --interval SECONDS    between two readings (12)
  --seconds SECONDS     end by itself
`;

const station = { id: '1', name: 'UK-Worthing' };
const PUMP_MS = 2000;
/** In intervals: when it gets hot, and how long after the first hot reading comes the mail (at 12 s two minutes). */
const HOT_AFTER = 5;
const MAIL_AFTER = 10;

type Options = { readonly intervalSeconds: number; readonly seconds: number | null };

const readOptions = (): Options | null => {
  const { values } = parseArgs({
    options: {
      interval: { type: 'string', default: '12' },
      seconds: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  const [intervalSeconds, seconds] = [values.interval, values.seconds ?? '1'].map(Number);
  if (!Number.isInteger(intervalSeconds) || Number(intervalSeconds) < 1 || !(Number(seconds) > 0))
    throw new Error(`--interval takes whole seconds, --seconds a number above 0\n\n${USAGE}`);
  return {
    intervalSeconds: Number(intervalSeconds),
    seconds: values.seconds === undefined ? null : Number(seconds),
  };
};

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

const untilAnswered = async (url: string, signal: AbortSignal): Promise<void> => {
  const isUp = async (): Promise<boolean> => (await fetch(url).catch(() => null))?.ok === true;
  while (!signal.aborted && !(await isUp())) await delay(200, undefined, { signal }).catch(() => undefined);
};

const demonstrate = async ({ intervalSeconds, seconds }: Options): Promise<void> => {
  ensureChainNeeds();
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  say('Starting broker, Kinesis, Flink, warehouse and mail function ...');
  const chain = await startChain({
    stations: [{ deviceid: station.id, weatherstationname: station.name, timezone: '' }],
    alertsCloseSeconds: MAIL_AFTER * intervalSeconds,
  });
  const directory = mkdtempSync(join(tmpdir(), 'weather-demo-'));
  const httpPort = await freePort();
  const heatSeconds = HOT_AFTER * intervalSeconds;
  const gateway = await startSimulatedGateway({
    ...{ station, intervalSeconds, directory, httpPort, broker: chain.broker },
    scenario: heatOfThePost({ fromSeconds: heatSeconds, intervalSeconds }),
  });
  const show = async (): Promise<void> => {
    const url = `http://127.0.0.1:${httpPort}/`;
    await untilAnswered(url, stop.signal);
    say(`Dashboard of the station: ${url}`);
    say(`A reading every ${intervalSeconds} s; after ${heatSeconds} s it is above 40 °C, and about`);
    say(`${MAIL_AFTER * intervalSeconds} s later comes the mail. Ctrl-C ends it.\n`);
    await watch(chain, stop.signal);
  };
  if (seconds !== null) setTimeout(() => stop.abort(), seconds * 1000).unref();
  try {
    await Promise.race([show(), gateway.failed]);
  } catch (error) {
    // Ctrl-C reaches the others too, and some of them are faster.
    if (!stop.signal.aborted) throw error;
  } finally {
    await gateway.stop('SIGTERM');
    await chain.stop();
    rmSync(directory, { recursive: true });
  }
};

const main = async (): Promise<void> => {
  const options = readOptions();
  if (options === null) say(USAGE);
  else await demonstrate(options);
};

await main().catch((error: unknown) => {
  process.stderr.write(`${formatError(error)}\n`);
  process.exitCode = 1;
});
