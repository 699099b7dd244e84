import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type GatewayConfig, gatewaySchema, sensorsSchema } from '../../src/config/schema.ts';
import { runGateway } from '../../src/gateway.ts';
import { configuredInstruments } from '../../src/instruments/catalogue.ts';
import { inspectOutbox } from '../../src/outbox/inspection.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { createFakePublisher } from '../fakes/publisher.ts';
import { openFastStation } from '../fakes/simulated-station.ts';
import { createFakeStationActions } from '../fakes/station-actions.ts';

const DAYS = 7;
const DAY_MINUTES = 24 * 60;
/** No network from one hour of each day to the other. */
const AWAY_MINUTES = { from: 60, until: 240 };
/** From then on nothing is filled for the first time but the history of a week, which is on the disk. */
const WARM_DAYS = 2;
const MAX_HEAP_GROWTH_MEGABYTES = 3;

/** Without an anemometer, whose pulses would take ten times as long as everything else. */
const sensors = sensorsSchema.parse({ bme280: {}, windVane: { supplyChannel: 1 }, rainGauge: { gpio: 6 } });

type Footprint = {
  readonly heapMegabytes: number;
  readonly residentMegabytes: number;
  readonly handles: number;
  readonly threads: number;
};

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** After a collection: what is still reachable. */
const footprint = async (): Promise<Footprint> => {
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  return {
    heapMegabytes: heapUsed / 1e6,
    residentMegabytes: rss / 1e6,
    handles: (await readdir('/proc/self/fd')).length,
    threads: (await readdir('/proc/self/task')).length,
  };
};

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'week-'));
});
afterEach(() => rm(directory, { recursive: true }));

const config = (): GatewayConfig => ({
  ...gatewaySchema.parse({
    station: { id: '1', name: 'UK-Worthing' },
    aws: { endpoint: 'localhost', certificate: '/nowhere/device.pem', privateKey: '/nowhere/device.key' },
    reporting: { intervalSeconds: 60 },
    outbox: { directory },
    http: { port: 0 },
  }),
  sensors,
});

const startGateway = async () => {
  const clock = createManualClock();
  const { buses } = await openFastStation({ clock, sensors });
  const publisher = createFakePublisher();
  const log = createRecordingLog();
  const stop = new AbortController();
  const isKnown = (): Promise<boolean> => Promise.resolve(true);
  const running = runGateway(
    {
      config: config(),
      version: '1.2.3',
      directory,
      bootId: 'boot',
      release: '/opt/release',
      clock,
      buses,
      publisher,
      log,
      instruments: configuredInstruments(sensors),
      synchronization: { isSynchronized: isKnown, wasSynchronizedInThisBoot: isKnown },
      manager: { watchdogMs: 60_000, notify: () => Promise.resolve(true) },
      credentials: { current: () => null },
      actions: createFakeStationActions(),
      pageFiles: [],
    },
    stop.signal,
  );
  const urlOf = (): unknown =>
    log.lines('info').find(({ message }) => message === 'the dashboard is served')?.['url'];
  while (urlOf() === undefined) await turn();
  const url = urlOf();
  /** Its loops end at their next deadline, some of them. */
  const end = async (): Promise<void> => {
    stop.abort();
    const isOver = running.then(() => true);
    while (!(await Promise.race([isOver, turn(false)]))) await clock.advance(1_000);
  };
  return { clock, publisher, log, url, end };
};

const outboxStats = async () => {
  const inspection = await inspectOutbox(directory);
  if (typeof inspection === 'string') throw new Error(inspection);
  const stats = inspection.stats();
  await inspection.close();
  return stats;
};

it(`holds as much after ${DAYS} days as after ${WARM_DAYS}`, { timeout: 1_200_000 }, async () => {
  const { clock, publisher, log, url, end } = await startGateway();
  const footprints: Footprint[] = [];
  for (let minute = 1; minute <= DAYS * DAY_MINUTES; minute += 1) {
    const ofDay = minute % DAY_MINUTES;
    if (ofDay === AWAY_MINUTES.from) publisher.setNetwork(false);
    if (ofDay === AWAY_MINUTES.until) publisher.setNetwork(true);
    await clock.advance(60_000);
    await clock.untilOnlySleeping();
    publisher.published.length = 0;
    log.forget();
    if (minute % 60 === 0) await (await fetch(`${url}/api/history?minutes=10080`)).text();
    if (ofDay === 0) {
      const held = await footprint();
      footprints.push(held);
      console.info(`day ${footprints.length}: ${JSON.stringify(held)}`);
    }
  }
  await end();
  const { totals, lanes } = await outboxStats();

  const [before, after] = [footprints[WARM_DAYS - 1], footprints.at(-1)];
  // Virtual time does not wait for the disk, so that some intervals are missed as in a process that is held up.
  expect(totals.accepted).toBeGreaterThan(DAYS * DAY_MINUTES * 0.5);
  expect(totals).toMatchObject({
    delivered: totals.accepted - lanes.reading.waiting,
    setAside: 0,
    givenUp: 0,
  });
  expect(after).toMatchObject({ handles: before?.handles, threads: before?.threads });
  expect((after?.heapMegabytes ?? 0) - (before?.heapMegabytes ?? 0)).toBeLessThan(MAX_HEAP_GROWTH_MEGABYTES);
});
