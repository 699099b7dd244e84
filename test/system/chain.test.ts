import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { mailOf } from '../../cloud/lambda/alert-mail.ts';
import { formatDatetime } from '../../src/weather/message.ts';
import { type AveragedReading, averagesOf } from '../cloud/vectors/averages.ts';
import { type Chain, startChain } from './chain.ts';
import { heatOfThePost } from './heat-of-the-post.ts';
import { type SimulatedGateway, startSimulatedGateway } from './simulated-gateway.ts';
import type { Row } from './stand-ins/warehouse.ts';

/** One is the script of the post, which emulates its sensors; the other is the built daemon on simulated buses. */
const worthing = { id: '1', name: 'UK-Worthing' };
const lancing = { id: '2', name: 'UK-Lancing' };
const stations = [worthing, lancing].map(({ id, name }) => ({
  deviceid: id,
  weatherstationname: name,
  timezone: '',
}));

/** °C, every 12 s. Three are above 40, 84 s from the first of them to the last as in the post's mail. */
const TEMPERATURES = [33, 38, 43, 40, 39, 46, 38, 37, 36, 44, 35, 34];
const startMs = Date.now() - TEMPERATURES.length * 12_000;
const at = (index: number): string => formatDatetime(startMs + index * 12_000);
/** The post's message: numbers as text, no numbering of its own. */
const messages = TEMPERATURES.map((temperature, index) => ({
  ...{ deviceid: worthing.id, datetime: at(index), temperature: String(temperature), humidity: '85' },
  ...{ winddirection: '304', windintensity: '75', rainheight: '29' },
}));

const heat = heatOfThePost({ fromSeconds: 8, intervalSeconds: 2 });

const patience = { timeout: 240_000, interval: 1000 };

describe("the post's chain, from the sensor's bus to the mail", () => {
  const directory = mkdtempSync(join(tmpdir(), 'weather-stations-'));
  let gateway: SimulatedGateway;
  let chain: Chain;
  const pump = (): Promise<void> => Promise.race([chain.pump(), gateway.failed]);
  const ask = async (sql: string): Promise<Row[]> => {
    await pump();
    return chain.warehouse.query(sql);
  };
  const count = async (table: string): Promise<number> =>
    Number((await ask(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.['n']);
  const mailsOf = ({ name }: typeof worthing): string[] =>
    chain.mailer.mails
      .filter(({ attributes }) => attributes['station'] === name)
      .map(({ message }) => message);

  const sendAsThePost = async (): Promise<void> => {
    const { certificate, privateKey } = await chain.broker.authority.issueClient(worthing.id);
    const client = await connectAsync(`mqtts://localhost:${chain.broker.port}`, {
      ...{ cert: certificate, key: privateKey, ca: chain.broker.authority.certificate },
      ...{ clientId: worthing.id, protocolVersion: 5 },
    });
    for (const message of messages)
      await client.publishAsync('weather/1/reading', JSON.stringify(message), { qos: 1 });
    await client.endAsync();
  };

  beforeAll(async () => {
    chain = await startChain({ stations, alertsCloseSeconds: 15 });
    gateway = await startSimulatedGateway({
      ...{ station: lancing, intervalSeconds: 2, scenario: heat, broker: chain.broker },
      directory: join(directory, lancing.id),
    });
    await sendAsThePost();
    await vi.waitFor(async () => {
      await pump();
      expect([mailsOf(worthing), mailsOf(lancing)].map(({ length }) => length)).toEqual([1, 1]);
    }, patience);
    await gateway.stop('SIGTERM');
    await vi.waitFor(async () => {
      expect(await count('sensordata_avgs')).toBe(await count('sensordata'));
    }, patience);
  });
  afterAll(async () => {
    await gateway.stop('SIGKILL');
    await chain.stop();
    rmSync(directory, { recursive: true });
  });

  it("has the post's rows in sensordata, in its columns", async () => {
    const columns = 'deviceid, datetime, temperature, humidity, winddirection, windintensity, rainheight';

    expect(await ask(`SELECT ${columns} FROM sensordata WHERE deviceid = '1' ORDER BY datetime`)).toEqual(
      TEMPERATURES.map((temperature, index) => ({
        ...{ deviceid: '1', datetime: at(index), temperature, humidity: 85 },
        ...{ winddirection: 304, windintensity: 75, rainheight: 29 },
      })),
    );
  });

  it("has the post's rolling averages in sensordata_avgs, counting the readings of a minute", async () => {
    const columns =
      'deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count, datetime';
    const rows = await ask(`SELECT ${columns} FROM sensordata_avgs WHERE deviceid = '1' ORDER BY datetime`);

    expect(rows.map(({ msg_count }) => msg_count)).toEqual([1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6, 6]);
    expect(rows.slice(0, 3)).toEqual([
      {
        ...{ deviceid: '1', weatherstationname: 'UK-Worthing', datetime: at(0), min_datetime: at(0) },
        ...{ avg_temperature: 33, avg_humidity: 85, msg_count: 1 },
      },
      {
        ...{ deviceid: '1', weatherstationname: 'UK-Worthing', datetime: at(1), min_datetime: at(0) },
        ...{ avg_temperature: 35.5, avg_humidity: 85, msg_count: 2 },
      },
      {
        ...{ deviceid: '1', weatherstationname: 'UK-Worthing', datetime: at(2), min_datetime: at(0) },
        ...{ avg_temperature: 38, avg_humidity: 85, msg_count: 3 },
      },
    ]);
  });

  it('sends the mail of the post, word for word', () => {
    expect(mailsOf(worthing)).toEqual([
      `Weather station "UK-Worthing" reported 3 alert(s) between 43°C and 46°C from ${at(2)} to ${at(9)}.\nTimes are UTC.`,
    ]);
  });

  it('has every reading of the daemon with all its quantities, each once, and no hole', async () => {
    const rows = await ask("SELECT * FROM sensordata WHERE deviceid = '2' ORDER BY seq");

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
    expect(await ask('SELECT * FROM sensordata_gaps')).toEqual([]);
  });

  it('averages what the daemon measured', async () => {
    const readings = (await ask("SELECT * FROM sensordata WHERE deviceid = '2' ORDER BY seq")) as (Row &
      AveragedReading)[];
    const columns =
      'deviceid, weatherstationname, min_datetime, avg_temperature, avg_humidity, msg_count, datetime, epoch, seq';

    expect(await ask(`SELECT ${columns} FROM sensordata_avgs WHERE deviceid = '2' ORDER BY seq`)).toEqual(
      averagesOf(readings, stations),
    );
  });

  it('mails the heat that the daemon measured', async () => {
    const [{ coolest, hottest, n, first, last } = {}] = await ask(
      `SELECT MIN(temperature) AS coolest, MAX(temperature) AS hottest, COUNT(*) AS n,
              MIN(datetime) AS first, MAX(datetime) AS last
       FROM sensordata WHERE deviceid = '2' AND temperature > 40`,
    );

    // Three; two when a busy machine was late for one of them.
    expect([2, 3]).toContain(n);
    expect(mailsOf(lancing)).toEqual([
      mailOf(
        {
          kind: 'alert',
          row: {
            ...{ alertid: 'any', deviceid: '2', weatherstationname: 'UK-Lancing', late: false },
            ...{ count: Number(n), min_temperature: Number(coolest), max_temperature: Number(hottest) },
            ...{ first_datetime: String(first), last_datetime: String(last) },
          },
        },
        undefined,
      )?.message,
    ]);
  });
});
