import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mailOf } from '../../cloud/lambda/alert-mail.ts';
import { type AveragedReading, averagesOf } from '../cloud/averages.ts';
import { type Chain, startChain } from './chain.ts';
import { heatOfThePost } from './heat-of-the-post.ts';
import { type SimulatedGateway, startSimulatedGateway } from './simulated-gateway.ts';
import type { Row } from './stand-ins/warehouse.ts';

/** One is left in peace, the other has everything happen to it, at a reading a second. */
const worthing = { id: '1', name: 'UK-Worthing' };
const lancing = { id: '2', name: 'UK-Lancing' };
const stations = [worthing, lancing].map(({ id, name }) => ({ deviceid: id, weatherstationname: name }));

const heat = heatOfThePost({ fromSeconds: 30, intervalSeconds: 12 });
const away = (fromSeconds: number, forSeconds: number) => ({
  name: 'network away',
  events: [{ kind: 'networkAway', fromSeconds, forSeconds }],
});

const CHAIN_MS = 400_000;
const poll = { timeout: 200_000, interval: 1000 };

describe("the post's chain, from the sensor's bus to the mail", () => {
  const directory = mkdtempSync(join(tmpdir(), 'weather-stations-'));
  const gateways: SimulatedGateway[] = [];
  let chain: Chain;
  const start = async (station: typeof worthing, intervalSeconds: number, scenario: object) => {
    const home = join(directory, station.id);
    const gateway = await startSimulatedGateway({
      ...{ station, intervalSeconds, scenario },
      broker: chain.broker,
      directory: home,
    });
    gateways.push(gateway);
    return gateway;
  };
  const ask = async (sql: string): Promise<Row[]> => {
    await Promise.race([chain.pump(), ...gateways.map(({ failed }) => failed)]);
    return chain.warehouse.query(sql);
  };
  const count = async (table: string, { id }: typeof worthing): Promise<number> =>
    Number((await ask(`SELECT COUNT(*) AS n FROM ${table} WHERE deviceid = '${id}'`))[0]?.['n']);

  beforeAll(async () => {
    chain = await startChain({ stations, alertsCloseSeconds: 50 });
  }, 120_000);
  afterAll(async () => {
    for (const gateway of gateways) await gateway.stop('SIGKILL');
    await chain.stop();
    rmSync(directory, { recursive: true });
  });

  it(
    'shows its results, whatever happens to the network, the daemon, the files and Flink',
    async () => {
      const peaceful = await start(worthing, 12, heat);
      const firstLife = await start(lancing, 1, away(8, 3600));
      await expect.poll(() => count('sensordata_avgs', lancing), poll).toBeGreaterThan(3);
      const beforeTheCut = await count('sensordata', lancing);
      await expect.poll(() => count('sensordata', worthing), poll).toBeGreaterThan(2);
      await firstLife.stop('SIGKILL');
      const secondLife = await start(lancing, 1, away(0, 10));
      await chain.restartFlink();
      await expect.poll(() => count('sensordata', lancing), poll).toBeGreaterThan(beforeTheCut + 20);
      await expect.poll(() => count('sensordata_avgs', worthing), poll).toBeGreaterThan(7);
      await expect
        .poll(
          () => ask('SELECT 1').then(() => chain.mailer.mails.map(({ attributes }) => attributes['station'])),
          poll,
        )
        .toContain(worthing.name);
      await Promise.all([peaceful.stop('SIGTERM'), secondLife.stop('SIGTERM')]);
      const all = async () => (await ask('SELECT COUNT(*) AS n FROM sensordata'))[0]?.['n'];
      await expect
        .poll(
          async () => (await ask('SELECT COUNT(*) AS n FROM sensordata_avgs'))[0]?.['n'] === (await all()),
          poll,
        )
        .toBe(true);
    },
    CHAIN_MS,
  );

  it("has the post's rows in sensordata, each reading once and none missing", async () => {
    const rows = await ask("SELECT * FROM sensordata WHERE deviceid = '1' ORDER BY seq");

    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    for (const row of rows) {
      expect(row).toMatchObject({
        datetime: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
        temperature: expect.any(Number),
        humidity: expect.any(Number),
        windintensity: expect.any(Number),
        rainheight: expect.any(Number),
        pressure: expect.any(Number),
        timequality: 'synced',
      });
    }
    const disturbed = await ask("SELECT epoch, seq FROM sensordata WHERE deviceid = '2' ORDER BY seq");
    expect(disturbed.map(({ seq }) => seq)).toEqual(disturbed.map((_, index) => index + 1));
    expect(new Set(disturbed.map(({ epoch }) => epoch)).size).toBe(1);
    expect(await ask('SELECT * FROM sensordata_gaps')).toEqual([]);
  });

  it('counts the readings of a minute in sensordata_avgs as they come in', async () => {
    const averages = await ask("SELECT * FROM sensordata_avgs WHERE deviceid = '1' ORDER BY seq");

    expect(averages.slice(0, 5).map(({ msg_count }) => msg_count)).toEqual([1, 2, 3, 4, 5]);
    for (const { msg_count } of averages.slice(5)) expect([4, 5, 6]).toContain(msg_count);
    expect(new Set(averages.map(({ weatherstationname }) => weatherstationname))).toEqual(
      new Set(['UK-Worthing']),
    );
  });

  it('has the averages of an undisturbed run', async () => {
    const readings = (await ask('SELECT * FROM sensordata')) as (Row & AveragedReading)[];
    const columns =
      'deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count, datetime, epoch, seq';
    const averages = await ask(`SELECT ${columns} FROM sensordata_avgs ORDER BY deviceid, seq`);

    const undisturbed = averagesOf(readings, stations).toSorted(
      (a, b) => a.deviceid.localeCompare(b.deviceid) || (a.seq ?? 0) - (b.seq ?? 0),
    );
    expect(averages).toEqual(undisturbed);
  });

  it('mails the heat once, in the words of the post', async () => {
    const hotReadings = await ask(
      `SELECT MIN(temperature) AS coolest, MAX(temperature) AS hottest, COUNT(*) AS n,
              MIN(datetime) AS first, MAX(datetime) AS last FROM sensordata WHERE temperature > 40`,
    );
    const [{ coolest, hottest, n, first, last } = {}] = hotReadings;
    // Three; two when a busy machine was late for one of them.
    expect([2, 3]).toContain(n);

    const alerts = chain.mailer.mails.filter(({ attributes }) => attributes['kind'] === 'alert');

    expect(alerts.map(({ message }) => message)).toEqual([
      mailOf({
        kind: 'alert',
        row: {
          ...{
            alertid: 'any',
            deviceid: '1',
            weatherstationname: 'UK-Worthing',
            late: false,
            count: Number(n),
          },
          ...{ min_temperature: Number(coolest), max_temperature: Number(hottest) },
          ...{ first_datetime: String(first), last_datetime: String(last) },
        },
      }).message,
    ]);
    expect(alerts[0]?.message).toMatch(
      /^Weather station "UK-Worthing" reported [23] alert\(s\) between 43(\.\d)?°C and 4[56](\.\d)?°C from [-: \d]+ to [-: \d]+\.$/,
    );
  });

  it('names exactly the readings that are taken away on purpose', async () => {
    await chain.pump();
    await chain.warehouse.query(
      "DELETE FROM sensordata_landing WHERE deviceid = '2' AND seq BETWEEN 11 AND 13",
    );

    expect(
      await chain.warehouse.query('SELECT deviceid, fromseq, toseq, missing FROM sensordata_gaps'),
    ).toEqual([{ deviceid: '2', fromseq: 11, toseq: 13, missing: 3 }]);
  });
});
