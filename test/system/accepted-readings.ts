import { z } from 'zod';
import { inspectOutbox } from '../../src/outbox/inspection.ts';
import type { OutboxStats } from '../../src/outbox/records.ts';
import { readingBodySchema } from '../../src/uplink/outgoing.ts';
import { type ReadingMessage, readingMessage } from '../../src/weather/message.ts';
import type { Mosquitto } from './mosquitto.ts';
import { type Subscriber, subscribe } from './subscriber.ts';

const readingSchema = z.custom<ReadingMessage>(
  (value) => z.object({ seq: z.int() }).safeParse(value).success,
);
const backlogSchema = z.object({ readings: z.array(readingSchema) });

/** What a broker handed on of each station, each reading once, by its number in the order of arrival. */
export type HeardReadings = Subscriber & {
  /** Throws when a reading came again with other values. */
  of(deviceid: string): readonly ReadingMessage[];
};

export const hearReadings = async (broker: Mosquitto): Promise<HeardReadings> => {
  const heard = new Map<string, string>();
  const contradictions: string[] = [];
  const take = (reading: ReadingMessage): void => {
    const name = JSON.stringify([reading.deviceid, reading.epoch, reading.seq]);
    const text = JSON.stringify(reading);
    if ((heard.get(name) ?? text) !== text) contradictions.push(name);
    heard.set(name, text);
  };
  const subscriber = await subscribe({
    port: broker.port,
    rootCa: broker.authority.certificate,
    identity: await broker.authority.issueClient('ledger'),
    onMessage: (topic, payload) => {
      const kind = topic.split('/').at(-1);
      if (kind === 'reading') take(readingSchema.parse(JSON.parse(payload)));
      if (kind === 'backlog') backlogSchema.parse(JSON.parse(payload)).readings.forEach(take);
    },
  });
  return {
    close: () => subscriber.close(),
    of(deviceid) {
      if (contradictions.length > 0) throw new Error(`came twice and differed: ${contradictions.join(' ')}`);
      const readings = [...heard.values()].map((text) => readingSchema.parse(JSON.parse(text)));
      return readings.filter((reading) => reading.deviceid === deviceid);
    },
  };
};

export type StoredReadings = {
  readonly stats: OutboxStats;
  /** What waits, as it would be sent by a station that knows the time. */
  readonly waiting: readonly ReadingMessage[];
};

const MOST = 100_000;

/** What lies on the disk of a station that was stopped. */
export const storedReadings = async (directory: string, deviceid: string): Promise<StoredReadings> => {
  const inspection = await inspectOutbox(directory);
  if (typeof inspection === 'string') throw new Error(inspection);
  try {
    const records = await inspection.peek('reading', MOST);
    const waiting = records.map(({ epoch, seq, body }) => {
      const measurement = readingBodySchema.parse(body);
      const stamp = { wallMs: measurement.at.wallMs, timequality: 'synced' } as const;
      const message = readingMessage({ deviceid, epoch, seq }, measurement, stamp);
      // JSON knows no -0.
      return readingSchema.parse(JSON.parse(JSON.stringify(message)));
    });
    return { stats: inspection.stats(), waiting };
  } finally {
    await inspection.close();
  }
};
