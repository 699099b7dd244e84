import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GatewayConfig, gatewaySchema } from '../src/config/schema.ts';
import { runGateway } from '../src/gateway.ts';
import { inspectOutbox } from '../src/outbox/inspection.ts';
import { openSimulatedStation } from '../src/simulation/simulated-station.ts';
import type { Notification } from '../src/systemd.ts';
import { systemClock } from '../src/time/clock.ts';
import { createRecordingLog } from './fakes/log.ts';
import { createFakePublisher, type FakePublisher, type Published } from './fakes/publisher.ts';
import { usualInstruments, usualSensors } from './fakes/simulated-station.ts';
import { createFakeStationActions } from './fakes/station-actions.ts';
import { mountSmallDisk, whyNoSmallDisk } from './faults/small-disk.ts';
import { JobsService } from './remote/jobs-service.ts';

const configOf = (directory: string): GatewayConfig => ({
  ...gatewaySchema.parse({
    station: { id: '1', name: 'UK-Worthing', elevationMetres: 800 },
    aws: { endpoint: 'localhost', certificate: '/nowhere/device.pem', privateKey: '/nowhere/device.key' },
    reporting: { intervalSeconds: 1 },
    outbox: { directory },
    http: { port: 0 },
    preAlerts: [
      {
        id: 'any-air',
        kind: 'limit',
        quantity: 'humidity',
        direction: 'above',
        warning: 1,
        hysteresis: 0.5,
        onDelaySeconds: 0,
        output: { gpio: 26 },
      },
    ],
  }),
  sensors: usualSensors,
});

type Numbered = { readonly seq: number };

const seqsIn = ({ topic, payload }: Published): number[] => {
  const content: Numbered & { readonly readings: readonly Numbered[] } = JSON.parse(payload);
  if (topic === 'weather/1/backlog') return content.readings.map(({ seq }) => seq);
  return topic === 'weather/1/reading' ? [content.seq] : [];
};

/** Of all readings in the order in which they were published, alone or as a backlog. */
const seqsOf = (publisher: FakePublisher): number[] => publisher.published.flatMap(seqsIn);

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await delay(20);
};

const why = await whyNoSmallDisk();

describe('the gateway', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gateway-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const start = async (publisher: FakePublisher, outbox = directory) => {
    const config = configOf(outbox);
    const { buses } = await openSimulatedStation({ clock: systemClock, instruments: usualInstruments });
    const log = createRecordingLog();
    const notified: Notification[] = [];
    const stop = new AbortController();
    const isKnown = (): Promise<boolean> => Promise.resolve(true);
    const running = runGateway(
      {
        config,
        version: '1.2.3',
        directory: outbox,
        bootId: 'boot',
        release: '/opt/release',
        clock: systemClock,
        buses,
        publisher,
        log,
        instruments: usualInstruments,
        synchronization: { isSynchronized: isKnown, wasSynchronizedInThisBoot: isKnown },
        manager: {
          watchdogMs: 60_000,
          notify: (notification) => {
            notified.push(notification);
            return Promise.resolve(true);
          },
        },
        credentials: { current: () => null },
        actions: createFakeStationActions(),
        pageFiles: [],
      },
      stop.signal,
    );
    const end = (): Promise<void> => {
      stop.abort();
      return running;
    };
    return { log, notified, end };
  };

  const payloads = (publisher: FakePublisher, topic: string): Record<string, unknown>[] =>
    publisher.published
      .filter((message) => message.topic === `weather/1/${topic}`)
      .map(({ payload }) => JSON.parse(payload));

  const totals = async () => {
    const inspection = await inspectOutbox(directory);
    if (typeof inspection === 'string') throw new Error(inspection);
    const stats = inspection.stats();
    await inspection.close();
    return stats;
  };

  it('measures, publishes and tells systemd, until it is stopped', async () => {
    const publisher = createFakePublisher();
    const { log, notified, end } = await start(publisher);

    await until(() => seqsOf(publisher).length >= 2 && notified.length >= 2);
    const url = log.lines('info').find(({ message }) => message === 'the dashboard is served')?.['url'];
    const status = await (await fetch(`${url}/api/status`)).json();
    await end();

    expect(payloads(publisher, 'status')[0]).toMatchObject({ state: 'online', version: '1.2.3' });
    const proof = JSON.parse(await readFile(join(directory, 'working.json'), 'utf8'));
    expect(proof).toEqual({ release: '/opt/release', version: '1.2.3', bootId: 'boot' });
    const seqs = seqsOf(publisher);
    expect(seqs).toEqual(seqs.map((_, index) => index + 1));
    expect(payloads(publisher, 'prealert')).toMatchObject([{ rule: 'any-air', transition: 'raised' }]);
    expect(notified[0]).toEqual({ READY: '1' });
    expect(notified[1]).toMatchObject({ WATCHDOG: '1' });
    expect(notified.at(-1)).toEqual({ STOPPING: '1' });
    expect(status).toMatchObject({
      link: { state: 'connected' },
      health: { isHealthy: true },
      notes: [expect.stringContaining('sea-level pressure is not computed above 750 m')],
    });
    expect((await totals()).totals).toMatchObject({ setAside: 0, givenUp: 0 });
  });

  it.skipIf(why !== null)(
    'measures, warns and sends from memory on a disk that is full at the start',
    async () => {
      const disk = await mountSmallDisk(join(directory, 'disk'), 4);
      try {
        await disk.fill();
        const publisher = createFakePublisher();
        const { log, end } = await start(publisher, disk.path);

        await until(() => seqsOf(publisher).length >= 2 && payloads(publisher, 'prealert').length > 0);
        const url = log.lines('info').find(({ message }) => message === 'the dashboard is served')?.['url'];
        const status = await (await fetch(`${url}/api/status`)).json();
        const health = await fetch(`${url}/healthz`);
        await end();

        expect(payloads(publisher, 'prealert')).toMatchObject([{ rule: 'any-air', transition: 'raised' }]);
        expect(status).toMatchObject({
          storeReport: expect.stringContaining('readings are kept in memory and sent from there'),
          preAlerts: [{ rule: 'any-air', output: { gpio: 26, state: 'on' } }],
        });
        expect(health.status).toBe(503);
      } finally {
        await disk.unmount();
      }
    },
  );

  it('keeps readings while nobody answers, and sends them together in the next run', async () => {
    const deaf = createFakePublisher();
    deaf.setNetwork(false);
    const first = await start(deaf);
    await until(() => first.log.lines('warn').length > 0);
    await delay(1_500);
    await first.end();
    const { waiting } = (await totals()).lanes.reading;
    expect(waiting).toBeGreaterThanOrEqual(2);

    const publisher = createFakePublisher();
    const second = await start(publisher);
    await until(() => payloads(publisher, 'backlog').length > 0);
    await second.end();

    const [backlog] = publisher.published.filter(({ topic }) => topic === 'weather/1/backlog');
    // The first readings of this run may have joined them.
    const seqs = backlog === undefined ? [] : seqsIn(backlog).slice(0, waiting);
    expect(seqs).toEqual(Array.from({ length: waiting }, (_, index) => index + 1));
  });

  it('does a job of AWS IoT while it measures on', async () => {
    const publisher = createFakePublisher();
    const service = new JobsService('1', (topic, payload) => publisher.deliver(topic, payload));
    publisher.answer = ({ topic, payload }) => {
      setImmediate(() => service.receive(topic, payload));
      return { kind: 'acknowledged' };
    };
    service.add('ask', { verb: 'doctor' });
    const { log, end } = await start(publisher);

    await until(() => service.stateOf('ask')?.status === 'SUCCEEDED' && seqsOf(publisher).length >= 2);
    const url = log.lines('info').find(({ message }) => message === 'the dashboard is served')?.['url'];
    const status = await (await fetch(`${url}/api/status`)).json();
    await end();

    expect(status).toMatchObject({ jobs: { state: 'listening', problem: null, done: 1 } });
  });

  it('leaves a store alone that somebody else has open', async () => {
    const other = await start(createFakePublisher());
    await until(() => other.notified.length > 0);

    await expect((await start(createFakePublisher())).end()).rejects.toThrow('in use by another process');

    await other.end();
  });
});
