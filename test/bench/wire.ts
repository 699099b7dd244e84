import { execFile } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connectAsync } from 'mqtt';
import { readingMessage } from '../../src/weather/message.ts';
import { createMosquitto, type Mosquitto } from '../system/mosquitto.ts';
import { benchReading } from './bench-reading.ts';
import { connectRaw } from './drain-station.ts';
import { type Bench, beside, type Figure } from './figure.ts';

const INTERVAL_SECONDS = 12;
const SEND_SECONDS = [0, 60, 240, 900] as const;
const KEEP_ALIVE_SECONDS = 60;
const MESSAGES = 10;
/** Longer than TCP delays an acknowledgement, so that each message stands alone as it does at its true pace. */
const APART_MS = 250;
/** IPv4 without options, and TCP with its time stamps. */
const HEADER_BYTES = 52;
/** PINGREQ and PINGRESP in TLS 1.3 records of 24 bytes, and two bare acknowledgements. */
const PING_BYTES = 2 * (24 + HEADER_BYTES) + HEADER_BYTES;

const readingJson = (index: number): string => {
  const reading = benchReading(index);
  const identity = { deviceid: '1', epoch: '01JX3V9Q4T8R6W2Y5Z7A1B3C4D', seq: index + 1 };
  return JSON.stringify(
    readingMessage(identity, reading, { wallMs: reading.at.wallMs, timequality: 'synced' }),
  );
};

/** Bytes in both directions of the one connection to a port, headers of TCP and IP included, since it began. */
const wireBytes = async (port: number): Promise<number> => {
  const { stdout } = await promisify(execFile)('ss', ['-tinH', `( dport = :${port} )`]);
  const count = (name: string): number => Number(new RegExp(`\\b${name}:(\\d+)`).exec(stdout)?.[1] ?? 0);
  const segments = count('segs_out') + count('segs_in');
  return count('bytes_sent') + count('bytes_received') + segments * HEADER_BYTES;
};

type Publish = (topic: string, payload: string) => Promise<unknown>;

/** Bytes of one message and what belongs to it. */
const bytesOfMessage = async (port: number, readings: number, publish: Publish): Promise<number> => {
  const messages = Array.from({ length: MESSAGES }, (_, message) => {
    const bodies = Array.from({ length: readings }, (_each, index) =>
      readingJson(message * readings + index),
    );
    return readings === 1 ? (bodies[0] ?? '') : `{"readings":[${bodies.join()}]}`;
  });
  await delay(APART_MS);
  const before = await wireBytes(port);
  for (const payload of messages) {
    await publish(`weather/1/${readings === 1 ? 'reading' : 'backlog'}`, payload);
    await delay(APART_MS);
  }
  return ((await wireBytes(port)) - before) / MESSAGES;
};

const measureOurs = async (broker: Mosquitto): Promise<readonly number[]> => {
  const connection = await connectRaw(broker, 'iot-core');
  const perReading: number[] = [];
  for (const sendSeconds of SEND_SECONDS) {
    const readings = Math.max(1, sendSeconds / INTERVAL_SECONDS);
    const bytes = await bytesOfMessage(broker.port, readings, (topic, payload) =>
      connection.publish(topic, payload),
    );
    const pings = Math.floor(sendSeconds / KEEP_ALIVE_SECONDS);
    perReading.push((bytes + pings * PING_BYTES) / readings);
  }
  await connection.close();
  return perReading;
};

const measureMqttJs = async (broker: Mosquitto): Promise<number> => {
  const { certificate, privateKey } = await broker.authority.issueClient('peer');
  const client = await connectAsync({
    protocol: 'mqtts',
    protocolVersion: 5,
    host: 'localhost',
    port: broker.port,
    clientId: 'peer',
    cert: certificate,
    key: privateKey,
    ca: broker.authority.certificate,
  });
  const bytes = await bytesOfMessage(broker.port, 1, (topic, payload) =>
    client.publishAsync(topic, payload, { qos: 1 }),
  );
  await client.endAsync();
  return bytes;
};

/** What a reading costs on a plan that is paid by the byte. */
export const wire: Bench = {
  name: 'wire',
  measure: async (): Promise<readonly Figure[]> => {
    const broker = await createMosquitto();
    await broker.start();
    try {
      const mqttJs = await measureMqttJs(broker);
      const ours = await measureOurs(broker);
      return SEND_SECONDS.map((sendSeconds, index) =>
        beside({
          name:
            sendSeconds === 0
              ? 'bytes on the wire for a reading, sent at once'
              : `bytes on the wire for a reading in ${INTERVAL_SECONDS} s, sent every ${sendSeconds} s`,
          unit: 'B',
          ours: [ours[index] ?? Number.NaN],
          other: { name: 'MQTT.js, one by one', values: [mqttJs] },
        }),
      );
    } finally {
      await broker.dispose();
    }
  },
};
