import { setTimeout as delay } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { ulid } from 'ulid';
import { z } from 'zod';
import { createWeatherModel } from '../../src/simulation/weather-model.ts';
import { type ReadingMessage, readingMessage, topicsOf } from '../../src/weather/message.ts';

/**
 * Some stations of a fleet in one process. A station here is its weather, its numbering and its own MQTT connection;
 * it has no outbox and no drivers, which the chain behind the broker cannot tell. One certificate serves the process.
 */
const orderSchema = z.object({
  ids: z.array(z.string()),
  port: z.number(),
  seconds: z.number(),
  intervalSeconds: z.number(),
  /** As `reporting.sendSeconds`. */
  sendSeconds: z.number(),
  certificate: z.string(),
  privateKey: z.string(),
  authority: z.string(),
});
export type FleetOrder = z.output<typeof orderSchema>;
export type FleetCount = { readonly acknowledged: number };

const KMH_PER_MS = 3.6;
const tenth = (value: number): number => Math.round(value * 10) / 10;

const connect = (id: string, order: FleetOrder): Promise<MqttClient> =>
  connectAsync(`mqtts://localhost:${order.port}`, {
    ...{ cert: order.certificate, key: order.privateKey, ca: order.authority },
    ...{ clientId: id, protocolVersion: 5 },
  });

/** One station for its time. Resolves with how many readings the broker acknowledged. */
const runStation = async (client: MqttClient, id: string, order: FleetOrder): Promise<number> => {
  const weatherAt = createWeatherModel({
    ...{ seed: Number(id), startSolarMs: Date.now(), elevationMetres: 0, weatherEvents: (usual) => usual },
  });
  const epoch = ulid();
  const startMs = Date.now();
  // Spread over the interval, as stations that were switched on at different times are.
  await delay(Math.random() * order.intervalSeconds * 1000);
  let seq = 0;
  const perMessage = Math.max(1, Math.floor(order.sendSeconds / order.intervalSeconds));
  let waiting: ReadingMessage[] = [];
  const { reading, backlog } = topicsOf('weather', id);
  const send = async (): Promise<void> => {
    const [first] = waiting;
    if (first === undefined) return;
    const isAlone = waiting.length === 1;
    const payload = isAlone ? first : { deviceid: id, readings: waiting };
    await client.publishAsync(isAlone ? reading : backlog, JSON.stringify(payload), { qos: 1 });
    waiting = [];
  };
  while (Date.now() - startMs < order.seconds * 1000) {
    const dueMs = Date.now() + order.intervalSeconds * 1000;
    const weather = weatherAt((Date.now() - startMs) / 1000);
    seq += 1;
    const wallMs = Date.now();
    waiting.push(
      readingMessage(
        { deviceid: id, epoch, seq },
        {
          at: { bootId: 'fleet', monotonicMs: performance.now(), wallMs, synchronized: true },
          values: {
            ...{ temperature: tenth(weather.temperatureC), humidity: tenth(weather.humidityPercent) },
            ...{ winddirection: null, windintensity: tenth(weather.windMs * KMH_PER_MS), windgust: null },
            ...{ rainheight: 0, pressure: tenth(weather.pressureHpa) },
          },
          quality: {},
        },
        { wallMs, timequality: 'synced' },
      ),
    );
    if (waiting.length >= perMessage) await send();
    await delay(Math.max(0, dueMs - Date.now()));
  }
  await send();
  return seq;
};

const run = async (order: FleetOrder): Promise<FleetCount> => {
  const clients: MqttClient[] = [];
  // One after the other: thousands of handshakes at once are no weather station's day.
  for (const id of order.ids) clients.push(await connect(id, order));
  const counts = await Promise.all(
    order.ids.map((id, index) => {
      const client = clients[index];
      return client ? runStation(client, id, order) : 0;
    }),
  );
  for (const client of clients) await client.endAsync();
  return { acknowledged: counts.reduce((sum, count) => sum + count, 0) };
};

process.once('message', (message) => {
  run(orderSchema.parse(message)).then(
    (count) => process.send?.(count, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(1);
    },
  );
});
