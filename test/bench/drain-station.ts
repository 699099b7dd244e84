import { type AwsConnectionParts, awsConnect } from '../../src/mqtt/aws-connection.ts';
import type { Connection, Publisher } from '../../src/mqtt/publisher.ts';
import { ReconnectingPublisher } from '../../src/mqtt/reconnecting-publisher.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import { systemClock } from '../../src/time/clock.ts';
import { type Acknowledged, Uplink } from '../../src/uplink/uplink.ts';
import { readingMessage } from '../../src/weather/message.ts';
import type { Instant } from '../../src/weather/reading.ts';
import { createRecordingLog } from '../fakes/log.ts';
import type { Mosquitto } from '../system/mosquitto.ts';
import { benchReading } from './bench-reading.ts';

export type FlowControl = NonNullable<AwsConnectionParts['flowControl']>;

/** A reading as it leaves. */
export const messageOf = (index: number): string => {
  const { at, ...rest } = benchReading(index);
  const identity = { deviceid: '1', epoch: '01JZZZZZZZZZZZZZZZZZZZZZZZ', seq: index + 1 };
  return JSON.stringify(
    readingMessage(identity, { at, ...rest }, { wallMs: at.wallMs, timequality: 'synced' }),
  );
};

/** A message of readings that waited. */
export const backlogOf = (first: number, count: number): string => {
  const readings = Array.from({ length: count }, (_, index) => messageOf(first + index));
  return `{"readings":[${readings.join(',')}]}`;
};

const connectionParts = async (
  broker: Mosquitto,
  clientId: string,
  flowControl: FlowControl,
): Promise<AwsConnectionParts> => ({
  endpoint: 'localhost',
  port: broker.port,
  clientId,
  ...(await broker.authority.issueClient(clientId)),
  rootCa: broker.authority.certificate,
  will: { topic: `weather/${clientId}/status`, payload: '{}' },
  flowControl,
});

/** The SDK's own connection, without anything of ours behind it. */
export const connectRaw = async (broker: Mosquitto, flowControl: FlowControl): Promise<Connection> =>
  await awsConnect(await connectionParts(broker, 'raw', flowControl))(new AbortController().signal);

/** A station's publisher as the daemon makes it. */
export const connectingPublisher = async (broker: Mosquitto, flowControl: FlowControl): Promise<Publisher> =>
  new ReconnectingPublisher({
    connect: awsConnect(await connectionParts(broker, '1', flowControl)),
    clock: systemClock,
    log: createRecordingLog(),
  });

export type DrainStation = { readonly uplink: Uplink; stop(): Promise<void> };

/** Publisher and uplink as the daemon wires them, on a clock that is right. */
export const startStation = async (
  broker: Mosquitto,
  outbox: Outbox,
  {
    flowControl,
    onAcknowledged,
  }: {
    readonly flowControl: FlowControl;
    readonly onAcknowledged: (acknowledged: Acknowledged) => void;
  },
): Promise<DrainStation> => {
  const log = createRecordingLog();
  const publisher = await connectingPublisher(broker, flowControl);
  const now = (): Instant => ({
    bootId: 'bench',
    monotonicMs: systemClock.monotonicMs(),
    wallMs: systemClock.wallMs(),
    synchronized: true,
  });
  const uplink = new Uplink({
    deviceid: '1',
    topicPrefix: 'weather',
    version: 'bench',
    outbox,
    publisher,
    timeKeeper: {
      now,
      stampOf: ({ wallMs }) => ({ wallMs, timequality: 'synced' }),
      status: () => ({ isSynchronized: true, steps: 0 }),
    },
    clock: systemClock,
    log,
    onAcknowledged,
  });
  const stop = new AbortController();
  const running = uplink.run(stop.signal);
  publisher.start();
  return {
    uplink,
    stop: async () => {
      stop.abort();
      await running;
      await publisher.stop();
    },
  };
};
