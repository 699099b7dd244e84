import { afterEach, describe, expect, it } from 'vitest';
import type { PublishResult } from '../../src/mqtt/publisher.ts';
import type { JsonValue } from '../../src/outbox/records.ts';
import { type Acknowledged, Uplink } from '../../src/uplink/uplink.ts';
import type { Measurement, Stamp } from '../../src/weather/reading.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { instantAt, measurementAt } from '../fakes/measurements.ts';
import { deadLetterOldest, openOutboxForTest } from '../fakes/outbox-bodies.ts';
import { createFakePublisher, type Published } from '../fakes/publisher.ts';
import { createFakeDisk } from '../fakes/store.ts';

const refused = (isPermanent: boolean): PublishResult => ({
  kind: 'refused',
  reasonCode: isPermanent ? 0x99 : 0x97,
  reason: isPermanent ? 'payload format invalid (0x99)' : 'quota exceeded (0x97)',
  isPermanent,
});

const acknowledged: PublishResult = { kind: 'acknowledged' };

type Reading = { readonly seq: number; readonly timequality: string; readonly datetime: string };

/** Readings in the order in which they were published, refused ones included. */
const readingsIn = ({ topic, payload }: Published): Reading[] => {
  if (topic.endsWith('/reading')) return [JSON.parse(payload)];
  return topic.endsWith('/backlog') ? JSON.parse(payload).readings : [];
};

const setUp = async (disk = createFakeDisk(), sendSeconds = 0) => {
  const clock = createManualClock();
  const log = createRecordingLog();
  const publisher = createFakePublisher();
  const outbox = await openOutboxForTest(disk.open(), {
    maxBytes: 50_000_000,
    mark: disk.mark,
  });
  const time: { isSynchronized: boolean; stamp: (at: Measurement['at']) => Stamp } = {
    isSynchronized: true,
    stamp: (at) => ({ wallMs: at.wallMs, timequality: 'synced' }),
  };
  const acks: Acknowledged[] = [];
  const uplink = new Uplink({
    deviceid: '1',
    topicPrefix: 'weather',
    version: '1.2.3',
    sendSeconds,
    outbox,
    publisher,
    timeKeeper: {
      now: () => instantAt(0),
      stampOf: (at) => time.stamp(at),
      status: () => ({ isSynchronized: time.isSynchronized, steps: 0 }),
    },
    clock,
    log,
    onAcknowledged: (ack) => acks.push(ack),
    random: () => 0.5,
  });
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const start = (): void => {
    running = uplink.run(stop.signal);
    publisher.start();
  };
  const end = async (): Promise<void> => {
    stop.abort();
    await clock.advance(5_000);
    await running;
  };
  const append = async (count: number, body?: JsonValue): Promise<void> => {
    for (let index = 0; index < count; index += 1) {
      await outbox.append('reading', body ?? measurementAt(index));
      uplink.notify();
    }
  };
  /** Lets everything happen that needs no time. */
  const settle = (): Promise<void> => clock.untilOnlySleeping();
  const seqs = (): number[] => publisher.published.flatMap(readingsIn).map(({ seq }) => seq);
  return { clock, log, disk, publisher, outbox, time, acks, uplink, stop, start, end, append, settle, seqs };
};

type Bench = Awaited<ReturnType<typeof setUp>>;

let bench: Bench;
const begin = async (sendSeconds = 0): Promise<Bench> => {
  bench = await setUp(createFakeDisk(), sendSeconds);
  return bench;
};

afterEach(async () => {
  await bench.end();
  await bench.outbox.close();
});

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

describe('the uplink', () => {
  it('says that it is online, then sends what waits and forgets it', async () => {
    const { append, outbox, publisher, settle, start, uplink } = await begin();
    await append(1);
    start();
    await settle();

    const [status, reading] = publisher.published;
    expect(status).toMatchObject({ topic: 'weather/1/status', retain: true });
    expect(JSON.parse(status?.payload ?? '')).toEqual({
      deviceid: '1',
      state: 'online',
      datetime: '2026-06-01 00:00:00',
      epoch: outbox.epoch,
      version: '1.2.3',
      waiting: 1,
    });
    expect(reading).toMatchObject({ topic: 'weather/1/reading', retain: false });
    expect(JSON.parse(reading?.payload ?? '')).toEqual({
      deviceid: '1',
      datetime: '2026-06-01 00:00:00',
      temperature: 15,
      humidity: 60,
      winddirection: 240,
      windintensity: 12,
      rainheight: 0,
      epoch: outbox.epoch,
      seq: 1,
      windgust: 18,
      pressure: 1013,
      timequality: 'synced',
      quality: {},
    });
    expect(outbox.stats().lanes.reading.waiting).toBe(0);
    expect(uplink.status().link).toMatchObject({ state: 'connected', reconnects: 0 });
  });

  it('sends each new reading alone as soon as it is told of it', async () => {
    const { append, publisher, settle, start } = await begin();
    start();
    await settle();
    await append(1);
    await settle();
    await append(1);
    await settle();

    expect(publisher.published.map(({ topic }) => topic)).toEqual([
      'weather/1/status',
      'weather/1/reading',
      'weather/1/reading',
    ]);
  });

  it('sends readings together at the latest after sendSeconds, and pre-alerts at once', async () => {
    const { append, clock, outbox, publisher, settle, start, uplink } = await begin(60);
    start();
    await settle();
    await append(3);
    await settle();
    await clock.advance(30_000);
    await append(2);
    await outbox.append('prealert', { at: { ...instantAt(0) }, rule: 'heat' });
    uplink.notify();
    await settle();
    const topics = (): string[] => publisher.published.slice(1).map(({ topic }) => topic);
    expect(topics()).toEqual(['weather/1/prealert']);

    await clock.advance(29_999);
    await settle();
    expect(topics()).toHaveLength(1);
    await clock.advance(1);
    await settle();
    expect(topics()).toEqual(['weather/1/prealert', 'weather/1/backlog']);

    await append(1);
    await clock.advance(59_999);
    await settle();
    expect(topics()).toHaveLength(2);
    await clock.advance(1);
    await settle();
    expect(topics().at(-1)).toBe('weather/1/reading');
  });

  it('sends readings sooner when a message is full, and at once those that waited before the start', async () => {
    const { append, publisher, seqs, settle, start } = await begin(3_600);
    await append(2);
    start();
    await settle();
    expect(seqs()).toEqual([1, 2]);

    await append(300);
    await settle();
    expect(publisher.published).toHaveLength(2);
    await append(210);
    await settle();
    expect(publisher.published.length).toBeLessThanOrEqual(6);
    expect(seqs().length).toBeGreaterThan(302);
    expect(seqs()).toEqual(upTo(seqs().length));
  });

  it('remembers how large a message may be on a path that swallows larger ones', async () => {
    const { append, clock, publisher, seqs, settle, start } = await begin();
    publisher.answer = ({ payload }) => (payload.length > 1_400 ? 'silence' : acknowledged);
    await append(1_000);
    start();
    for (let minute = 0; minute < 10; minute += 1) {
      await clock.advance(60_000);
      await settle();
    }

    const tooLarge = publisher.published.filter(({ payload }) => payload.length > 1_400);
    expect(tooLarge.length).toBeLessThanOrEqual(3);
    expect(new Set(seqs())).toEqual(new Set(upTo(1_000)));
  });

  it('sends a backlog oldest first, in batches that grow to what one message may carry', async () => {
    const { append, outbox, publisher, seqs, settle, start } = await begin();
    await append(1_500);
    start();
    await settle();

    expect(seqs()).toEqual(upTo(1_500));
    const batches = publisher.published.filter(({ topic }) => topic.endsWith('/backlog'));
    const sizes = batches.map((batch) => readingsIn(batch).length);
    expect(sizes[0]).toBeLessThan(100);
    expect(Math.max(...sizes)).toBeGreaterThan(400);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500);
    expect(Math.max(...batches.map(({ payload }) => Buffer.byteLength(payload)))).toBeLessThanOrEqual(
      120_000,
    );
    expect(outbox.stats().totals.delivered).toBe(1_500);
  });

  it('sends pre-alerts first, then gaps, then readings', async () => {
    const { append, outbox, publisher, settle, start } = await begin();
    await append(2);
    await deadLetterOldest(outbox, 'reading', 'test');
    await outbox.append('prealert', { at: instantAt(5), rule: 'heat', text: 'It is hot.' });
    start();
    await settle();

    expect(publisher.published.map(({ topic }) => topic)).toEqual([
      'weather/1/status',
      'weather/1/prealert',
      'weather/1/gap',
      'weather/1/reading',
    ]);
    expect(JSON.parse(publisher.published[1]?.payload ?? '')).toEqual({
      deviceid: '1',
      epoch: outbox.epoch,
      seq: 1,
      datetime: '2026-06-01 00:00:05',
      timequality: 'synced',
      rule: 'heat',
      text: 'It is hot.',
    });
    expect(JSON.parse(publisher.published[2]?.payload ?? '')).toEqual({
      deviceid: '1',
      epoch: outbox.epoch,
      fromseq: 1,
      toseq: 1,
      count: 1,
      from: '2026-06-01 00:00:00',
      to: '2026-06-01 00:00:00',
      reason: 'refused',
    });
  });

  it('says with the first reading of an epoch, or the gap in its place, which reading came before', async () => {
    const { disk, publisher, settle, start } = await begin();
    const previous = { previousepoch: bench.outbox.epoch, previousseq: 2 };
    await bench.append(2);
    await bench.outbox.close();
    const other = await setUp(disk);
    await other.append(2);
    other.start();
    await other.settle();
    const sent = other.publisher.published.flatMap(readingsIn);
    await other.end();
    await other.outbox.close();
    const third = await setUp(disk);
    await third.append(1);
    await deadLetterOldest(third.outbox, 'reading', 'test');
    third.start();
    await third.settle();
    await third.end();
    start();
    await settle();

    expect(sent).toMatchObject([{ seq: 1 }, { seq: 2 }, { seq: 1, ...previous }, { seq: 2 }]);
    expect(Object.keys(sent[3] ?? {})).not.toContain('previousepoch');
    expect(Object.keys(sent[2] ?? {}).slice(-2)).toEqual(['previousepoch', 'previousseq']);
    expect(publisher.published.flatMap(readingsIn)).toEqual([]);
    const gap = third.publisher.published.find(({ topic }) => topic.endsWith('/gap'));
    expect(JSON.parse(gap?.payload ?? '')).toMatchObject({
      fromseq: 1,
      previousepoch: other.outbox.epoch,
      previousseq: 2,
    });
  });

  it('keeps everything while the network is away, and sends it in order when it is back', async () => {
    const { append, outbox, publisher, seqs, settle, start, uplink } = await begin();
    start();
    await settle();
    publisher.setNetwork(false);
    await append(40);
    await settle();
    expect(seqs()).toEqual([]);
    expect(outbox.stats().lanes.reading.waiting).toBe(40);

    publisher.setNetwork(true);
    await settle();

    expect(seqs()).toEqual(upTo(40));
    expect(publisher.published.filter(({ retain }) => retain)).toHaveLength(2);
    expect(uplink.status().link).toMatchObject({ state: 'connected', reconnects: 1 });
  });

  it('sends again what was not acknowledged, and counts it as possibly there twice', async () => {
    const { append, publisher, seqs, settle, start, uplink } = await begin();
    publisher.answer = ({ retain }) => (retain ? acknowledged : 'silence');
    await append(3);
    start();
    await settle();
    publisher.setNetwork(false);
    await settle();
    publisher.answer = () => acknowledged;
    publisher.setNetwork(true);
    await settle();

    expect(seqs()).toEqual([1, 2, 3, 1, 2, 3]);
    expect(uplink.status().possibleDuplicates).toBe(3);
  });

  it('drops a connection that acknowledges nothing, and tries smaller messages on the next', async () => {
    const { append, clock, publisher, settle, start } = await begin();
    publisher.answer = ({ retain }) => (retain ? acknowledged : 'silence');
    await append(200);
    start();
    await settle();
    // A larger message than any before is awaited for less long than the half minute of a small one.
    await clock.advance(4_900);
    expect(publisher.reconnects).toEqual([]);
    await clock.advance(200);
    await settle();
    await clock.advance(1_000);
    await settle();

    expect(publisher.reconnects).toEqual(['nothing is acknowledged']);
    const [first = 0, second = 0] = publisher.published
      .filter(({ topic }) => topic.endsWith('/backlog'))
      .map((batch) => readingsIn(batch).length);
    expect(second).toBeLessThan(first);
    expect(second).toBeGreaterThan(0);
  });

  it('finds the one reading that is refused for good, sets it aside and sends all others in order', async () => {
    const { append, outbox, publisher, settle, start } = await begin();
    const taken: number[] = [];
    publisher.answer = (message) => {
      const readings = readingsIn(message).map(({ seq }) => seq);
      if (readings.includes(37)) return refused(true);
      taken.push(...readings);
      return acknowledged;
    };
    await append(60);
    start();
    await settle();

    expect(taken).toEqual(upTo(60).filter((seq) => seq !== 37));
    expect(outbox.stats().totals).toMatchObject({ accepted: 60, delivered: 59, setAside: 1 });
    const gaps = publisher.published.filter(({ topic }) => topic.endsWith('/gap'));
    expect(gaps.map(({ payload }) => JSON.parse(payload))).toMatchObject([
      { fromseq: 37, toseq: 37, count: 1, reason: 'refused' },
    ]);
  });

  it('holds on to what is refused for now, backing off, and says so once', async () => {
    const { append, clock, log, publisher, seqs, settle, start } = await begin();
    publisher.answer = ({ retain }) => (retain ? acknowledged : refused(false));
    await append(1);
    start();
    await settle();
    await append(1);
    await settle();
    expect(publisher.published).toHaveLength(2);

    for (let second = 0; second < 10; second += 1) {
      await clock.advance(1_000);
      await settle();
    }
    const tries = publisher.published.length;
    expect(tries).toBeGreaterThan(3);
    expect(tries).toBeLessThan(8);
    publisher.answer = () => acknowledged;
    await clock.advance(60_000);
    await settle();

    expect(seqs().slice(-2)).toEqual([1, 2]);
    expect(log.lines('warn').map(({ message }) => message)).toEqual([
      'the broker refuses a message; it is sent again',
    ]);
    expect(log.lines('info').map(({ message }) => message)).toContain('the broker takes messages again');
  });

  describe('with lanes that the broker refuses', () => {
    const refusing = (name: string, isPermanent: boolean) => (message: Published) =>
      message.topic.endsWith(name) ? refused(isPermanent) : acknowledged;
    const appendAll = async ({ append, outbox }: Bench): Promise<void> => {
      await append(3);
      await deadLetterOldest(outbox, 'reading', 'test');
      for (const text of ['a', 'b']) await outbox.append('prealert', { at: instantAt(1), text });
    };
    const pass = async ({ clock, settle }: Bench, seconds: number): Promise<void> => {
      for (let second = 0; second < seconds; second += 10) {
        await clock.advance(10_000);
        await settle();
      }
    };
    const waiting = ({ outbox }: Bench): number[] => {
      const { prealert, gap, reading } = outbox.stats().lanes;
      return [prealert.waiting, gap.waiting, reading.waiting];
    };

    it.each([
      ['prealert', false, [2, 0, 0]],
      ['prealert', true, [2, 0, 0]],
      ['gap', false, [0, 1, 0]],
      ['gap', true, [0, 1, 0]],
      ['backlog', false, [0, 0, 2]],
      ['backlog', true, [0, 0, 2]],
    ])(
      'delivers all others while %s is refused (for good: %s), and loses nothing',
      async (topic, isPermanent, left) => {
        await begin();
        const { log, publisher, settle, start, uplink } = bench;
        publisher.answer = refusing(topic, isPermanent);
        await appendAll(bench);
        start();
        await settle();
        await pass(bench, 600);

        expect(waiting(bench)).toEqual(left);
        expect(bench.outbox.stats().totals).toMatchObject({ setAside: 1, givenUp: 0 });
        const reason = isPermanent ? 'payload format invalid (0x99)' : 'quota exceeded (0x97)';
        const refusal = { topic: `weather/1/${topic}`, reason };
        expect(uplink.status().refusedLanes).toMatchObject([refusal]);
        expect(log.lines(isPermanent ? 'error' : 'warn').slice(-1)).toMatchObject([refusal]);
        publisher.answer = () => acknowledged;
        await pass(bench, 310);
        expect(waiting(bench)).toEqual([0, 0, 0]);
        expect(uplink.status().refusedLanes).toEqual([]);
      },
    );

    it('loses nothing to a broker that refuses everything for good, and tries it slowly', async () => {
      await begin();
      const { append, outbox, publisher, seqs, settle, start, uplink } = bench;
      publisher.answer = ({ retain }) => (retain ? acknowledged : refused(true));
      await append(100);
      await outbox.append('prealert', { at: instantAt(1), text: 'a' });
      start();
      await settle();
      await pass(bench, 60);
      const before = publisher.published.length;
      await pass(bench, 3_600);

      expect(publisher.published.length - before).toBeLessThan(100);
      expect(outbox.stats().totals).toMatchObject({ delivered: 0, setAside: 0, givenUp: 0 });
      expect(uplink.status().refusedLanes.map(({ lane }) => lane)).toEqual(['prealert', 'reading']);
      publisher.published.length = 0;
      publisher.answer = () => acknowledged;
      await pass(bench, 310);
      expect(seqs()).toEqual(upTo(100));
    });

    it('keeps a refused record until another one shows whose fault it is', async () => {
      await begin();
      const { append, outbox, publisher, settle, start } = bench;
      publisher.answer = (message) =>
        readingsIn(message).some(({ seq }) => seq === 1) ? refused(true) : acknowledged;
      await append(1);
      start();
      await settle();
      expect(outbox.stats().totals.setAside).toBe(0);

      await append(1);
      await settle();

      expect(outbox.stats().totals).toMatchObject({ delivered: 1, setAside: 1 });
      expect(bench.uplink.status().refusedLanes).toEqual([]);
    });

    /** As AWS IoT Core does when the policy denies a publish. */
    const endingAt = (name: string, publisher: Bench['publisher']) => (message: Published) => {
      if (!message.topic.endsWith(name)) return acknowledged;
      publisher.reconnect('not authorized');
      return { kind: 'unacknowledged', reason: 'not authorized' } as const;
    };

    it.each([
      ['prealert', [2, 0, 0]],
      ['gap', [0, 1, 0]],
      ['backlog', [0, 0, 2]],
      ['status', [0, 0, 0]],
    ])('delivers all others while each message on %s ends the connection', async (topic, left) => {
      await begin();
      const { log, publisher, settle, start, uplink } = bench;
      publisher.answer = endingAt(topic, publisher);
      await appendAll(bench);
      start();
      await settle();
      await pass(bench, 60);
      expect(waiting(bench)).toEqual(left);
      const soon = publisher.reconnects.length;
      await pass(bench, 3_600);

      expect(publisher.reconnects.length - soon).toBeLessThan(25);
      expect(waiting(bench)).toEqual(left);
      expect(uplink.status().refusedLanes).toMatchObject([
        {
          topic: `weather/1/${topic}`,
          reason: expect.stringMatching(/ends at each message.*not authorized/),
        },
      ]);
      expect(log.lines('error')).toMatchObject([{ topic: `weather/1/${topic}`, reason: 'not authorized' }]);
      publisher.answer = () => acknowledged;
      await pass(bench, 910);
      expect(waiting(bench)).toEqual([0, 0, 0]);
      expect(uplink.status().refusedLanes).toEqual([]);
    });

    it('blames no topic where connections end before anything was answered, and tries at once after an outage', async () => {
      await begin();
      const { append, publisher, settle, start, uplink } = bench;
      publisher.answer = () => {
        publisher.reconnect('the connection was closed');
        return { kind: 'unacknowledged', reason: 'the connection was closed' };
      };
      await append(1);
      start();
      await settle();
      await pass(bench, 300);
      expect(uplink.status().refusedLanes.map(({ lane }) => lane)).toEqual(['status']);

      publisher.setNetwork(false);
      await settle();
      publisher.answer = () => acknowledged;
      publisher.setNetwork(false);
      publisher.reconnect('the network is away');
      await settle();
      publisher.setNetwork(true);
      await settle();
      expect(waiting(bench)).toEqual([0, 0, 0]);
      expect(uplink.status().refusedLanes).toEqual([]);
    });

    it('blames no topic for one connection that ended, nor for one that another client took', async () => {
      await begin();
      const { append, publisher, settle, start, uplink } = bench;
      publisher.problem = () => 'another client uses this id';
      publisher.answer = endingAt('reading', publisher);
      await append(1);
      start();
      await settle();
      await pass(bench, 60);

      expect(publisher.reconnects.length).toBeGreaterThan(1);
      expect(uplink.status().refusedLanes).toEqual([]);
    });
  });

  it('sends readings although the status is refused', async () => {
    const { append, log, publisher, seqs, settle, start } = await begin();
    publisher.answer = ({ retain }) => (retain ? refused(false) : acknowledged);
    await append(2);
    start();
    await settle();

    expect(seqs()).toEqual([1, 2]);
    expect(log.lines('warn')).toMatchObject([{ message: 'the status was refused' }]);
  });

  it('sets aside what is too large or cannot be read, without sending it', async () => {
    const { append, outbox, publisher, seqs, settle, start } = await begin();
    await append(1);
    await append(1, { at: 'nonsense' });
    await append(1, { ...measurementAt(3), quality: { humidity: 'x'.repeat(130_000) } });
    await outbox.append('prealert', 'nonsense');
    await outbox.append('prealert', { at: instantAt(1), text: 'x'.repeat(130_000) });
    await append(1);
    start();
    await settle();

    expect(seqs()).toEqual([1, 4]);
    expect(outbox.stats().totals).toMatchObject({ accepted: 6, delivered: 2, setAside: 4 });
    expect(publisher.published.filter(({ topic }) => topic.endsWith('/prealert'))).toEqual([]);
  });

  it('sets aside although the disk is full, in memory until there is room', async () => {
    const { append, clock, disk, outbox, seqs, settle, start } = await begin();
    await append(1, 'nonsense');
    await append(1);
    disk.setFull(true);
    start();
    await settle();
    expect(outbox.stats().totals.setAside).toBe(1);
    expect(seqs()).toEqual([2]);

    disk.setFull(false);
    await clock.advance(2_000);
    await settle();

    expect(outbox.stats().totals).toMatchObject({ setAside: 1, delivered: 1 });
    expect(seqs()).toEqual([2]);
  });

  it('says when others should leave the link alone: while what is due waits for it', async () => {
    const { publisher, uplink, outbox, clock, append, settle, start, end } = await setUp();
    start();
    await settle();
    expect(uplink.isBehind()).toBe(false);
    publisher.answer = () => 'silence';
    await append(1);
    await settle();
    expect(uplink.isBehind()).toBe(false);
    await append(1);
    expect(uplink.isBehind()).toBe(true);
    publisher.setNetwork(false);
    await settle();
    expect(uplink.isBehind()).toBe(true);

    publisher.answer = () => acknowledged;
    publisher.setNetwork(true);
    await settle();
    expect(uplink.isBehind()).toBe(false);
    await outbox.append('prealert', measurementAt(0));
    expect(uplink.isBehind()).toBe(true);
    uplink.notify();
    await settle();
    expect(uplink.isBehind()).toBe(false);

    // The broker wants none of them now, and needs no link for that.
    publisher.answer = ({ topic }) => (topic.endsWith('/status') ? acknowledged : refused(false));
    await append(5);
    await clock.untilSleeping();
    await settle();
    expect(uplink.isBehind()).toBe(false);
    await end();
  });

  it('leaves the link to others while readings wait for sendSeconds', async () => {
    const { uplink, clock, append, settle, start, end, publisher } = await setUp(createFakeDisk(), 3_600);
    start();
    await settle();
    await append(10);
    await settle();
    expect(uplink.isBehind()).toBe(false);

    publisher.answer = () => 'silence';
    await clock.advance(3_600_000);
    expect(uplink.isBehind()).toBe(true);
    await end();
  });

  it('tells how fast it drains and what the broker took to answer', async () => {
    const { acks, append, clock, publisher, settle, start, uplink } = await begin();
    let isSlow = false;
    publisher.answer = ({ retain }) => (retain || !isSlow ? acknowledged : 'silence');
    await append(400);
    isSlow = true;
    start();
    await settle();
    isSlow = false;
    publisher.setNetwork(false);
    publisher.setNetwork(true);
    expect(uplink.status().drain).toEqual({ readingsPerSecond: 0, secondsLeft: null, startedWith: null });
    await clock.advance(1_000);
    await settle();

    expect(uplink.status().drain.readingsPerSecond).toBeGreaterThan(100);
    expect(uplink.status().drain.startedWith).toBeNull();
    expect(acks.reduce((sum, { count }) => sum + count, 0)).toBe(400);
    expect(acks.every(({ lane, pubackMs }) => lane === 'reading' && pubackMs >= 0)).toBe(true);
  });

  describe('while the clock was never set', () => {
    const estimated = (at: Measurement['at']): Stamp => ({ wallMs: at.wallMs, timequality: 'estimated' });

    it('holds readings for a minute after the first connection, until the clock is known', async () => {
      const { append, clock, publisher, settle, start, time } = await begin();
      time.isSynchronized = false;
      time.stamp = estimated;
      await append(2);
      start();
      await settle();
      await clock.advance(30_000);
      await settle();
      expect(publisher.published.flatMap(readingsIn)).toEqual([]);

      time.isSynchronized = true;
      time.stamp = (at) => ({ wallMs: at.wallMs + 3_600_000, timequality: 'corrected' });
      await clock.advance(1_000);
      await settle();

      expect(publisher.published.flatMap(readingsIn)).toMatchObject([
        { seq: 1, timequality: 'corrected', datetime: '2026-06-01 01:00:00' },
        { seq: 2, timequality: 'corrected' },
      ]);
    });

    it('sends them as estimated when a minute has not brought the time', async () => {
      const { append, clock, publisher, settle, start, time } = await begin();
      time.isSynchronized = false;
      time.stamp = estimated;
      await append(2);
      start();
      await settle();
      await clock.advance(61_000);
      await settle();

      expect(publisher.published.flatMap(readingsIn).map(({ timequality }) => timequality)).toEqual([
        'estimated',
        'estimated',
      ]);
    });

    it('does not hold an alert', async () => {
      const { outbox, publisher, settle, start, time } = await begin();
      time.isSynchronized = false;
      time.stamp = estimated;
      await outbox.append('prealert', { at: instantAt(5), rule: 'heat' });
      start();
      await settle();

      expect(publisher.published[1]).toMatchObject({ topic: 'weather/1/prealert' });
    });
  });

  it('lets what is on its way be acknowledged when it stops', async () => {
    const { append, clock, end, outbox, publisher, settle, start, stop } = await begin();
    let acknowledge: () => void = () => undefined;
    const fakePublish = publisher.publish;
    publisher.publish = async (topic, payload, options) => {
      const result = await fakePublish(topic, payload, options);
      if (topic.endsWith('/reading')) {
        await new Promise<void>((resolve) => {
          acknowledge = resolve;
        });
      }
      return result;
    };
    await append(1);
    start();
    await settle();
    stop.abort();
    await clock.advance(1_000);
    acknowledge();
    await end();

    expect(outbox.stats().lanes.reading.waiting).toBe(0);
  });

  it('does not wait longer than two seconds for that', async () => {
    const { append, clock, end, outbox, publisher, settle, start, stop } = await begin();
    publisher.answer = ({ retain }) => (retain ? acknowledged : 'silence');
    await append(1);
    start();
    await settle();
    stop.abort();
    await clock.advance(2_000);
    await end();

    expect(outbox.stats().lanes.reading.waiting).toBe(1);
  });
});
