import { afterEach, describe, expect, it } from 'vitest';
import type { PublishResult } from '../../src/mqtt/publisher.ts';
import type { HealthReport } from '../../src/uplink/health-lane.ts';
import { Uplink } from '../../src/uplink/uplink.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { instantAt, measurementAt } from '../fakes/measurements.ts';
import { openOutboxForTest } from '../fakes/outbox-bodies.ts';
import { createFakePublisher, type Published } from '../fakes/publisher.ts';
import { createFakeDisk } from '../fakes/store.ts';

const acknowledged: PublishResult = { kind: 'acknowledged' };
const isHealth = ({ topic }: Published): boolean => topic === 'weather/1/health';

const setUp = async () => {
  const disk = createFakeDisk();
  const clock = createManualClock();
  const log = createRecordingLog();
  const publisher = createFakePublisher();
  const outbox = await openOutboxForTest(disk.open(), { maxBytes: 50_000_000, mark: disk.mark });
  const station: { report: HealthReport | null } = { report: { payload: '{}', states: 'ok' } };
  const uplink = new Uplink({
    deviceid: '1',
    topicPrefix: 'weather',
    version: '1.2.3',
    outbox,
    publisher,
    clock,
    log,
    timeKeeper: {
      now: () => instantAt(0),
      stampOf: ({ wallMs }) => ({ wallMs, timequality: 'synced' }),
      status: () => ({ isSynchronized: true, steps: 0 }),
    },
    healthReport: () => station.report,
    random: () => 0.5,
  });
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const start = async (): Promise<void> => {
    running = uplink.run(stop.signal);
    publisher.start();
    await clock.untilOnlySleeping();
  };
  const end = async (): Promise<void> => {
    stop.abort();
    await clock.advance(5_000);
    await running;
    await outbox.close();
  };
  const append = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await outbox.append('reading', measurementAt(index));
      uplink.notify();
    }
    if (running !== undefined) await clock.untilOnlySleeping();
  };
  /** A reading every 12 s. */
  const pass = async (minutes: number): Promise<void> => {
    for (let elapsed = 0; elapsed < minutes * 60; elapsed += 12) {
      await clock.advance(12_000);
      await append(1);
    }
  };
  const told = (): Published[] => publisher.published.filter(isHealth);
  const waiting = (): number => outbox.stats().lanes.reading.waiting;
  return { station, log, publisher, clock, uplink, start, end, append, pass, told, waiting };
};

type Bench = Awaited<ReturnType<typeof setUp>>;
let bench: Bench;
const begin = async (): Promise<Bench> => {
  bench = await setUp();
  return bench;
};
afterEach(() => bench.end());

/** As AWS IoT Core does where the policy does not know the topic. */
const endAtHealth =
  ({ publisher }: Bench) =>
  (message: Published): PublishResult => {
    if (!isHealth(message)) return acknowledged;
    publisher.reconnect('not authorized');
    return { kind: 'unacknowledged', reason: 'not authorized' };
  };

describe('the health of the station', () => {
  it('is told, retained, once nothing else waits', async () => {
    const { append, publisher, start, told } = await begin();
    await append(3);
    await start();

    expect(told()).toEqual([{ topic: 'weather/1/health', payload: '{}', retain: true }]);
    expect(publisher.published.map(({ topic }) => topic.split('/')[2])).toEqual([
      ...['status', 'backlog', 'health'],
    ]);
  });

  it('is told every 15 minutes', async () => {
    const { pass, start, told } = await begin();
    await start();
    await pass(61);

    expect(told().length).toBe(5);
  });

  it('is told within two minutes of a change of a state, and not when a number changed', async () => {
    const { pass, start, station, told } = await begin();
    await start();
    station.report = { payload: '{"waiting":1}', states: 'ok' };
    await pass(5);
    expect(told().length).toBe(1);
    station.report = { payload: '{"failing":1}', states: 'failing' };
    await pass(1);
    expect(told().map(({ payload }) => payload)).toEqual(['{}', '{"failing":1}']);
  });

  it('is told once a minute at most, however often it changes', async () => {
    const { clock, append, start, station, told } = await begin();
    await start();
    for (let second = 0; second < 600; second += 1) {
      station.report = { payload: '{}', states: String(second) };
      await clock.advance(1_000);
      if (second % 12 === 0) await append(1);
    }

    expect(told().length).toBeGreaterThan(5);
    expect(told().length).toBeLessThanOrEqual(11);
  });

  it('waits until there is something to tell, and until the broker has answered', async () => {
    const { clock, publisher, start, station, told } = await begin();
    const { report } = station;
    station.report = null;
    publisher.answer = () => 'silence';
    await start();
    station.report = report;
    await clock.advance(5_000);
    expect(told()).toEqual([]);
    publisher.answer = () => acknowledged;
    publisher.reconnect('test');
    await clock.advance(5_000);
    await clock.untilOnlySleeping();

    expect(told().length).toBe(1);
  });

  it('costs one connection a day where it ends the connection, and no reading', async () => {
    const { log, pass, publisher, start, told, uplink, waiting } = await begin();
    publisher.answer = endAtHealth(bench);
    await start();
    await pass(23 * 60);

    expect(publisher.reconnects.length).toBe(1);
    expect(waiting()).toBe(0);
    expect(uplink.status().refusedLanes).toMatchObject([
      { lane: 'health', reason: expect.stringMatching(/ends at this message.*not authorized/), attempts: 1 },
    ]);
    expect(log.lines('warn')).toMatchObject([{ message: expect.stringContaining('left out for a day') }]);

    publisher.answer = () => acknowledged;
    await pass(2 * 60);
    expect(told().length).toBeGreaterThan(4);
    expect(uplink.status().refusedLanes).toEqual([]);
  });

  it('is tried again after an outage, which may have been what ended the connection', async () => {
    const { clock, pass, publisher, start, told } = await begin();
    publisher.answer = endAtHealth(bench);
    await start();
    publisher.answer = () => acknowledged;
    await pass(10);
    expect(told().length).toBe(1);
    publisher.setNetwork(false);
    publisher.reconnect('the network is away');
    await clock.untilOnlySleeping();
    publisher.setNetwork(false);
    publisher.setNetwork(true);
    await pass(3);

    expect(told().length).toBe(2);
  });

  it('is asked for once an hour where it is refused', async () => {
    const { pass, publisher, start, told, uplink, waiting } = await begin();
    publisher.answer = (message) =>
      isHealth(message)
        ? { kind: 'refused', reasonCode: 0x97, reason: 'quota exceeded (0x97)', isPermanent: false }
        : acknowledged;
    await start();
    await pass(179);

    expect(told().length).toBe(3);
    expect(publisher.reconnects).toEqual([]);
    expect(waiting()).toBe(0);
    expect(uplink.status().refusedLanes).toMatchObject([{ lane: 'health', attempts: 3 }]);
  });

  it('is asked for once a day where it is not allowed, and the connection ends after the answer', async () => {
    const { pass, publisher, start, told, uplink, waiting } = await begin();
    publisher.answer = (message) => {
      if (!isHealth(message)) return acknowledged;
      setImmediate(() => publisher.reconnect('the connection was closed'));
      return { kind: 'refused', reasonCode: 0x87, reason: 'not authorized (0x87)', isPermanent: false };
    };
    await start();
    await pass(23 * 60);

    expect(told().length).toBe(1);
    expect(publisher.reconnects.length).toBe(1);
    expect(waiting()).toBe(0);
    expect(uplink.status().refusedLanes).toMatchObject([{ lane: 'health', attempts: 1 }]);
  });

  it('holds readings up for ten seconds at most where nobody answers it, and drops no connection', async () => {
    const { append, clock, pass, publisher, start, told, waiting } = await begin();
    publisher.answer = (message) => (isHealth(message) ? 'silence' : acknowledged);
    await start();
    expect(told().length).toBe(1);
    await append(1);
    expect(waiting()).toBe(1);
    await clock.advance(10_000);
    await clock.untilOnlySleeping();
    expect(waiting()).toBe(0);
    await pass(14);

    expect(told().length).toBe(1);
    expect(publisher.reconnects).toEqual([]);
  });
});
