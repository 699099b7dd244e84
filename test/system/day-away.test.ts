import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mailOf } from '../../cloud/lambda/alert-mail.ts';
import type { ReadingMessage } from '../../src/weather/message.ts';
import { averagesOf, secondsOf } from '../cloud/vectors/averages.ts';
import {
  type HeardReadings,
  hearReadings,
  type StoredReadings,
  storedReadings,
} from './accepted-readings.ts';
import { type Chain, startChain } from './chain.ts';
import { type SimulatedGateway, startSimulatedGateway } from './simulated-gateway.ts';
import type { Row } from './stand-ins/warehouse.ts';

/** One lives through a day without a network in a minute, of the other the store is destroyed. */
const worthing = { id: '1', name: 'UK-Worthing' };
const lancing = { id: '2', name: 'UK-Lancing' };
const stations = [worthing, lancing].map(({ id, name }) => ({
  deviceid: id,
  weatherstationname: name,
  timezone: '',
}));

const DAY_SECONDS = 86_400;
/** A simulated day in 144 s: twice as fast, a busy machine with two cores falls behind. */
const SPEED = 600;
const CATCHES_UP_MS = (DAY_SECONDS * 1000) / (SPEED - 1);
const FIRST_LIFE_MS = CATCHES_UP_MS / 4;

const away = (fromSeconds: number) => ({ kind: 'networkAway', fromSeconds });
const hot = (fromSeconds: number, temperatureC: number) => ({
  ...{ kind: 'weather', fromSeconds, forSeconds: 300 },
  temperatureC,
});

/** Without what the first reading of an epoch says of the epoch before. */
const plain = ({ previousepoch, previousseq, ...reading }: ReadingMessage): ReadingMessage => reading;

const poll = { interval: 1000 };
const DAY_MS = 600_000;

/** The columns of the table that these stations have no sensor for. */
const notMeasured = {
  ...{ soiltemperature: null, secondtemperature: null, supplyvoltage: null, supplycurrent: null },
  ...{ illuminance: null, extra: null },
};

describe('a day without a network', () => {
  const directory = mkdtempSync(join(tmpdir(), 'day-away-'));
  const gateways: SimulatedGateway[] = [];
  let chain: Chain;
  let heard: HeardReadings;
  /** On the disk of Worthing when the day is over, and of Lancing before that is destroyed. */
  let afterTheDay: StoredReadings;
  let destroyed: StoredReadings;
  const storeOf = ({ id }: typeof worthing) => join(directory, id, 'store');
  const start = async (station: typeof worthing, intervalSeconds: number, scenario: object) => {
    const gateway = await startSimulatedGateway({
      ...{ station, intervalSeconds, scenario: { name: 'a day away', ...scenario } },
      ...{ broker: chain.broker, directory: join(directory, station.id) },
    });
    gateways.push(gateway);
    return gateway;
  };
  let pumping: Promise<void> | undefined;
  const ask = async (sql: string): Promise<Row[]> => {
    pumping ??= chain.pump().finally(() => {
      pumping = undefined;
    });
    await Promise.race([pumping, ...gateways.map(({ failed }) => failed)]);
    return chain.warehouse.query(sql);
  };
  const count = async (table: string, where = 'TRUE'): Promise<number> =>
    Number((await ask(`SELECT COUNT(*) AS n FROM ${table} WHERE ${where}`))[0]?.['n']);
  const alertMails = (): string[] =>
    chain.mailer.mails
      .filter(({ attributes }) => attributes['kind'] === 'alert')
      .map(({ message }) => message);
  const reached = (atMs: number) =>
    expect.poll(() => ask('SELECT 1').then(() => Date.now()), poll).toBeGreaterThan(atMs);

  beforeAll(async () => {
    chain = await startChain({ stations, alertsCloseSeconds: 15 });
    heard = await hearReadings(chain.broker);
  });
  afterAll(async () => {
    for (const gateway of gateways) await gateway.stop('SIGKILL');
    await heard.close();
    await chain.stop();
    rmSync(directory, { recursive: true });
  });

  /** Online at first, cut off for a simulated day and killed twice in it, then back in the present. */
  const liveThroughTheDay = async (): Promise<void> => {
    const startMs = Date.now();
    const lag = { at: new Date(startMs).toISOString(), seconds: DAY_SECONDS };
    const pace = { speed: SPEED, lag };
    const heat = [hot(7200, 43.3), hot(7500, 45.7)];
    const firstLife = await start(worthing, 12, { ...pace, events: [away(3600), ...heat] });
    await reached(startMs + FIRST_LIFE_MS);
    await firstLife.stop('SIGKILL');
    const secondLife = await start(worthing, 12, { ...pace, events: [away(0)] });
    await reached(startMs + CATCHES_UP_MS);
    await secondLife.stop('SIGKILL');
    afterTheDay = await storedReadings(storeOf(worthing), worthing.id);
    await start(worthing, 12, pace);
  };

  /** Every byte of it becomes a zero. */
  const loseTheStore = async (): Promise<void> => {
    const online = "deviceid = '2'";
    const firstLife = await start(lancing, 1, { events: [away(10)] });
    await expect.poll(() => count('sensordata', online), poll).toBeGreaterThan(2);
    await reached(Date.now() + 20_000);
    await firstLife.stop('SIGKILL');
    destroyed = await storedReadings(storeOf(lancing), lancing.id);
    const store = join(storeOf(lancing), 'store');
    for (const name of readdirSync(store)) {
      const file = join(store, name);
      writeFileSync(file, new Uint8Array(statSync(file).size));
    }
    const secondLife = await start(lancing, 1, {});
    await expect
      .poll(() => count('sensordata', `${online} AND epoch <> '${destroyed.stats.epoch}'`), poll)
      .toBeGreaterThan(3);
    await secondLife.stop('SIGTERM');
  };

  it(
    'ends, and everything that waited goes through a Flink that is killed on the way',
    async () => {
      await Promise.all([liveThroughTheDay(), loseTheStore()]);
      const averagesBefore = await count('sensordata_avgs');
      await expect.poll(() => count('sensordata_avgs'), poll).toBeGreaterThan(averagesBefore);
      await chain.restartFlink();
      const { accepted } = afterTheDay.stats.totals;
      await expect.poll(() => count('sensordata', "deviceid = '1'"), poll).toBeGreaterThan(accepted);
      await gateways.at(-1)?.stop('SIGTERM');
      await expect
        .poll(async () => (await count('sensordata_avgs')) - (await count('sensordata')), poll)
        .toBe(0);
      await expect.poll(() => ask('SELECT 1').then(() => alertMails().length), poll).toBeGreaterThan(0);
    },
    DAY_MS,
  );

  it('leaves the tables of an undisturbed run: every accepted reading once, and its average', async () => {
    const all = [...heard.of(worthing.id), ...heard.of(lancing.id)].map(plain);
    const columns =
      'deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count, datetime, epoch, seq';
    const inOrder = 'ORDER BY deviceid, epoch, seq';

    expect(await ask(`SELECT * FROM sensordata ${inOrder}`)).toEqual(
      all.map((reading) => ({ ...reading, ...notMeasured })),
    );
    expect(await ask(`SELECT ${columns} FROM sensordata_avgs ${inOrder}`)).toEqual(averagesOf(all, stations));
  });

  it('brings every reading that lay on the disk, as it was measured, and leaves no hole', async () => {
    const readings = heard.of(worthing.id);
    const { waiting } = afterTheDay;

    const [first = Number.NaN, last = Number.NaN] = [waiting[0], waiting.at(-1)].map((reading) =>
      secondsOf(reading?.datetime ?? ''),
    );
    expect(last - first).toBeGreaterThan(0.9 * DAY_SECONDS);
    const epochs = [...new Set(readings.map(({ epoch }) => epoch))];
    expect(epochs).toHaveLength(3);
    for (const each of epochs) {
      const seqs = readings.filter(({ epoch }) => epoch === each).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    }
    const from = readings.findIndex(
      ({ epoch, seq }) => epoch === waiting[0]?.epoch && seq === waiting[0].seq,
    );
    expect(readings.slice(from, from + waiting.length).map(plain)).toEqual(waiting);
    expect(await ask("SELECT * FROM sensordata_gaps WHERE deviceid = '1'")).toEqual([]);
  });

  it('is told of in one mail, which says that it comes late', () => {
    const hotReadings = afterTheDay.waiting.filter(({ temperature }) => (temperature ?? 0) > 40);
    const temperatures = hotReadings.map(({ temperature }) => temperature ?? 0);

    expect(alertMails()).toEqual([
      mailOf(
        {
          kind: 'alert',
          row: {
            ...{ alertid: 'any', deviceid: '1', weatherstationname: 'UK-Worthing', late: true },
            ...{ count: hotReadings.length, first_datetime: hotReadings[0]?.datetime ?? '' },
            last_datetime: hotReadings.at(-1)?.datetime ?? '',
            min_temperature: Math.min(...temperatures),
            max_temperature: Math.max(...temperatures),
          },
        },
        undefined,
      )?.message,
    ]);
    expect(alertMails()[0]).toMatch(/\nReported late: /);
  });

  it('names exactly the readings that a destroyed store took with it', async () => {
    const { stats, waiting } = destroyed;
    const arrived = heard.of(lancing.id).filter(({ epoch }) => epoch === stats.epoch);

    expect(waiting.length).toBeGreaterThan(5);
    expect(arrived.length + waiting.length).toBe(stats.lanes.reading.nextSeq - 1);
    expect(await ask('SELECT deviceid, epoch, fromseq, toseq, missing, reason FROM sensordata_gaps')).toEqual(
      [
        {
          ...{ deviceid: '2', epoch: stats.epoch, reason: 'damaged', missing: waiting.length },
          ...{ fromseq: waiting[0]?.seq, toseq: waiting.at(-1)?.seq },
        },
      ],
    );
  });
});
