import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { capacityFor } from '../../cloud/stack/capacity.ts';
import { costTable } from '../../cloud/stack/cost.ts';
import { profiles } from '../../cloud/stack/profiles.ts';
import { formatError } from '../../src/weather/format.ts';
import { type Chain, startChain } from './chain.ts';
import { ensureChainNeeds } from './chain-needs.ts';
import type { FleetOrder } from './fleet-stations.ts';

/** `npm run fleet -- --stations N`: many stations against the chain on this machine, and the forecast beside it. */
const STATIONS_PER_PROCESS = 500;
const DRAIN_MS = 120_000;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const wholeNumber = (text: string, max: number): number =>
  z.coerce.number().int().min(1).max(max).parse(text);

const readOptions = () => {
  const { values } = parseArgs({
    options: {
      stations: { type: 'string', default: '100' },
      seconds: { type: 'string', default: '60' },
      interval: { type: 'string', default: '12' },
      'send-seconds': { type: 'string', default: '0' },
    },
  });
  return {
    stations: wholeNumber(values.stations, 5000),
    seconds: wholeNumber(values.seconds, 3600),
    intervalSeconds: wholeNumber(values.interval, 3600),
    sendSeconds: z.coerce.number().int().min(0).max(3600).parse(values['send-seconds']),
  };
};
type Options = ReturnType<typeof readOptions>;

/** Resolves with the readings that the broker acknowledged. */
const runStations = async (chain: Chain, ids: readonly string[], options: Options): Promise<number> => {
  const { certificate, privateKey } = await chain.broker.authority.issueClient('fleet');
  const processes = Math.ceil(ids.length / STATIONS_PER_PROCESS);
  const counts = Array.from({ length: processes }, async (_, n): Promise<number> => {
    const child = fork(fileURLToPath(new URL('fleet-stations.ts', import.meta.url)), [], {
      execArgv: ['--import', 'tsx'],
    });
    const order: FleetOrder = {
      ...{ ids: ids.filter((__, index) => index % processes === n), port: chain.broker.port },
      ...{ seconds: options.seconds, intervalSeconds: options.intervalSeconds, certificate, privateKey },
      sendSeconds: options.sendSeconds,
      authority: chain.broker.authority.certificate,
    };
    child.send(order);
    const ended = once(child, 'exit').then((): never => {
      throw new Error('a process of the fleet ended before its time');
    });
    const [count] = await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => undefined);
    return z.object({ acknowledged: z.number() }).parse(count).acknowledged;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
};

/** Seconds from a reading's time to its average row in the warehouse, for every row that is new. */
const createStopwatch = (chain: Chain) => {
  const seen = new Set<string>();
  const seconds: number[] = [];
  return {
    seconds,
    async look(): Promise<void> {
      await chain.pump();
      const nowMs = Date.now();
      const rows = await chain.warehouse.query('SELECT deviceid, seq, datetime FROM sensordata_avgs_landing');
      for (const { deviceid, seq, datetime } of rows) {
        const key = `${deviceid}/${seq}`;
        if (seen.has(key)) continue;
        seen.add(key);
        seconds.push((nowMs - Date.parse(`${String(datetime).replace(' ', 'T')}Z`)) / 1000);
      }
    },
  };
};

const quantile = (values: readonly number[], share: number): string =>
  (values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0).toFixed(0);

const numberFrom = async (chain: Chain, sql: string): Promise<number> =>
  Number((await chain.warehouse.query(sql))[0]?.['n'] ?? 0);

const measure = async (chain: Chain, ids: readonly string[], options: Options): Promise<void> => {
  const stopwatch = createStopwatch(chain);
  let acknowledged: number | undefined;
  const running = runStations(chain, ids, options).then((count) => {
    acknowledged = count;
  });
  const startMs = Date.now();
  let drainedByMs = Number.POSITIVE_INFINITY;
  while (stopwatch.seconds.length < (acknowledged ?? Number.POSITIVE_INFINITY) && Date.now() < drainedByMs) {
    await Promise.race([stopwatch.look(), running.then(() => stopwatch.look())]);
    if (acknowledged !== undefined && drainedByMs === Number.POSITIVE_INFINITY)
      drainedByMs = Date.now() + DRAIN_MS;
    await delay(1000);
  }
  await running;
  const rows = await numberFrom(chain, 'SELECT COUNT(*) AS n FROM sensordata');
  const elapsedSeconds = (Date.now() - startMs) / 1000;
  const perSecond = ((acknowledged ?? 0) / options.seconds).toFixed(1);
  say(`acknowledged by the broker   ${acknowledged}, ${perSecond} a second`);
  say(`in sensordata                ${rows}   lost ${(acknowledged ?? 0) - rows}`);
  say(`in sensordata_avgs           ${await numberFrom(chain, 'SELECT COUNT(*) AS n FROM sensordata_avgs')}`);
  say(`unexplained holes            ${await numberFrom(chain, 'SELECT COUNT(*) AS n FROM sensordata_gaps')}`);
  say(`all of it took               ${elapsedSeconds.toFixed(0)} s, connecting and draining included`);
  say(
    `reading to average row       median ${quantile(stopwatch.seconds, 0.5)} s, 95 % ${quantile(stopwatch.seconds, 0.95)} s`,
  );
};

const main = async (): Promise<void> => {
  const options = readOptions();
  ensureChainNeeds();
  const ids = Array.from({ length: options.stations }, (_, index) => String(index + 1));
  const chain = await startChain({
    stations: ids.map((id) => ({ deviceid: id, weatherstationname: `Station ${id}`, timezone: '' })),
    alertsCloseSeconds: 120,
  });
  say(
    `${options.stations} stations, a reading every ${options.intervalSeconds} s, for ${options.seconds} s\n`,
  );
  try {
    await measure(chain, ids, options);
  } finally {
    await chain.stop();
  }
  const capacity = capacityFor(options);
  say(
    `\nforecast for AWS: ${capacity.readingsPerSecond.toFixed(1)} readings/s, ${capacity.readingsShards} shard(s), `,
  );
  say(
    `${capacity.flinkUnits} + 1 Flink units, ${capacity.redshiftProcessingUnits} units of Redshift Serverless\n`,
  );
  say(costTable(options, options.sendSeconds > 0 ? profiles.fleet : profiles.standard));
};

await main().catch((error: unknown) => {
  process.stderr.write(`${formatError(error)}\n`);
  process.exitCode = 1;
});
