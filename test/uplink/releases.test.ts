import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type History, openHistory } from '../../src/history/history.ts';
import { type OpenedOutbox, openOutbox } from '../../src/outbox/open-outbox.ts';
import { timeOf } from '../../src/uplink/outgoing.ts';
import { Uplink } from '../../src/uplink/uplink.ts';
import { type QuantityTable, quantityTable } from '../../src/weather/quantities.ts';
import type { Instant, Stamp } from '../../src/weather/reading.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { snowdepth, tableWithSnow, withSnow } from '../fakes/made-up-quantity.ts';
import { measurementAt, mildValues } from '../fakes/measurements.ts';
import { createFakePublisher } from '../fakes/publisher.ts';

/**
 * A store that release 0.1.0 wrote with readings waiting, flagged ones among them, one refused, a pre-alert and a gap;
 * and what that release made of it itself: its messages and its charts.
 */
const fixture = fileURLToPath(new URL('../fixtures/release-0.1.0/', import.meta.url));

const START_MS = Date.UTC(2026, 5, 1, 12);
const INTERVAL_MS = 30_000;
const READINGS = 32;

const published = z.array(z.object({ topic: z.string(), payload: z.unknown() }));
const expectedSchema = z.object({
  published,
  charts: z.object({ hour: z.unknown(), week: z.unknown() }),
});

/** The schema by which release 0.1.0 reads the ledger of the outbox. */
const amountOf010 = z.strictObject({ count: z.int().min(0), bytes: z.int().min(0) });
const keyOf010 = z.strictObject({ epoch: z.string().regex(/^\d{6}-/), seq: z.int().min(1) });
const laneOf010 = z.strictObject({
  head: keyOf010,
  cleared: keyOf010,
  nextSeq: z.int().min(1),
  accepted: amountOf010,
  removed: amountOf010,
});
const lastSeqOf010 = z.strictObject({ reading: z.int(), prealert: z.int(), gap: z.int() });
const ledgerOf010 = z.strictObject({
  epoch: z.string(),
  earlier: z.array(z.strictObject({ epoch: z.string(), lastSeq: lastSeqOf010 })),
  lanes: z.strictObject({ reading: laneOf010, prealert: laneOf010, gap: laneOf010 }),
  untold: keyOf010.nullable(),
  aside: z.strictObject({ nextSeq: z.int().min(1) }),
  totals: z.strictObject({ delivered: z.int(), setAside: z.int(), givenUp: z.int() }),
});

const stampOf = ({ wallMs, synchronized }: Instant): Stamp => ({
  wallMs,
  timequality: synchronized ? 'synced' : 'corrected',
});

const instantAt = (index: number): Instant => ({
  bootId: 'boot-2',
  monotonicMs: index * INTERVAL_MS,
  wallMs: START_MS + index * INTERVAL_MS,
  synchronized: true,
});

describe('releases read each other', () => {
  const clock = createManualClock({ wallMs: START_MS });
  const log = createRecordingLog();
  let directory: string;
  let opened: OpenedOutbox | null = null;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'releases-'));
  });
  afterEach(async () => {
    await close();
    await rm(directory, { recursive: true });
  });

  const open = async (): Promise<OpenedOutbox> => {
    opened = await openOutbox({ directory, maxBytes: 50_000_000, log, wallMs: () => START_MS, timeOf });
    return opened;
  };
  const close = async (): Promise<void> => {
    await opened?.outbox.close();
    await opened?.store.close();
    opened = null;
  };

  const chartsOf = ({ store }: OpenedOutbox, table: QuantityTable = quantityTable): Promise<History> =>
    openHistory({
      store,
      stampOf,
      wallMs: () => START_MS + READINGS * INTERVAL_MS,
      intervalMs: INTERVAL_MS,
      log,
      quantityTable: table,
    });

  /** Everything that is sent until nothing waits, without the status of the station. */
  const drain = async ({ outbox }: OpenedOutbox): Promise<z.infer<typeof published>> => {
    const publisher = createFakePublisher();
    const uplink = new Uplink({
      deviceid: '1',
      topicPrefix: 'weather',
      version: '1.2.3',
      outbox,
      publisher,
      timeKeeper: {
        now: () => instantAt(READINGS),
        stampOf,
        status: () => ({ isSynchronized: true, steps: 0 }),
      },
      clock,
      log,
      random: () => 0.5,
    });
    const stop = new AbortController();
    const running = uplink.run(stop.signal);
    publisher.start();
    await vi.waitFor(
      () => expect(Object.values(outbox.stats().lanes).map(({ waiting }) => waiting)).toEqual([0, 0, 0]),
      { timeout: 60_000 },
    );
    stop.abort();
    await clock.advance(5_000);
    await running;
    return publisher.published
      .filter(({ topic }) => !topic.endsWith('/status'))
      .map(({ topic, payload }) => ({ topic, payload: JSON.parse(payload) }));
  };

  it('drains the store of release 0.1.0 byte for byte as that release does', async () => {
    await cp(join(fixture, 'data'), directory, { recursive: true });
    const expected = expectedSchema.parse(JSON.parse(await readFile(join(fixture, 'expected.json'), 'utf8')));
    const station = await open();

    expect(station.report).toEqual({ outcome: 'whole' });
    expect(JSON.stringify(await drain(station))).toBe(JSON.stringify(expected.published));
    expect(station.outbox.stats().totals).toMatchObject({ accepted: 33, delivered: 32, setAside: 1 });
  });

  it('keeps the ledger in the form that release 0.1.0 reads, and its gap once', async () => {
    await cp(join(fixture, 'data'), directory, { recursive: true });
    const before = await open();
    const gaps = before.outbox.gaps();
    await before.outbox.append('reading', 'new');
    const batch = await before.outbox.take('reading', { maxRecords: 3, maxBytes: 10_000 });
    if (batch !== null) await before.outbox.accept(batch);

    const { outbox, store } = await reopened();
    await outbox.append('reading', 'newer');

    const value = (await store.get('outbox/ledger')) ?? '';
    expect(ledgerOf010.parse(JSON.parse(value.slice(9)))).toMatchObject({
      lanes: { reading: { head: { seq: 5 }, nextSeq: 2 } },
      earlier: [{ lastSeq: { reading: 32, gap: 0 } }, { lastSeq: { reading: 1, gap: 0 } }],
    });
    expect(gaps).toHaveLength(1);
    expect(outbox.gaps()).toEqual(gaps);
    expect(await store.entries({ from: 'outbox/gap/', until: 'outbox/gap0' })).toEqual([]);
  });

  it.each([
    ['this release', quantityTable],
    ['one that knows a quantity more', tableWithSnow],
  ])('shows the charts of release 0.1.0 in %s', async (_release, table) => {
    await cp(join(fixture, 'data'), directory, { recursive: true });
    const expected = expectedSchema.parse(JSON.parse(await readFile(join(fixture, 'expected.json'), 'utf8')));
    const history = await chartsOf(await open(), table);

    expect(await history.query(60)).toEqual(expected.charts.hour);
    expect(await history.query(7 * 24 * 60)).toEqual(expected.charts.week);
  });

  it('drains whole what the next release stored, with its quantity and its flags', async () => {
    const { outbox } = await open();
    const { at } = measurementAt(0);
    const values = { ...withSnow(mildValues, 42.26), leafwetness: null, visibility: 9_500 };
    const flags = {
      temperature: 'suspect:substitute',
      leafwetness: 'missing:crc',
      snowdepth: 'suspect:drift',
    };
    await outbox.append('reading', { at, values, quality: flags, instruments: { bme280: 'ok' } });
    await outbox.append('reading', { ...measurementAt(12), quality: { visibility: 'failed:fog' } });
    await close();

    const station = await open();
    const [message] = await drain(station);

    expect(station.outbox.stats().totals).toMatchObject({ accepted: 2, delivered: 2, setAside: 0 });
    expect(message?.payload).toMatchObject({
      readings: [
        { seq: 1, temperature: 15, snowdepth: 42.26, visibility: 9_500, leafwetness: null, quality: flags },
        { seq: 2, temperature: 15, visibility: null, quality: { visibility: 'failed:fog' } },
      ],
    });
  });

  it('puts no name of the next release in the place of a key of the contract', async () => {
    const { outbox } = await open();
    const { at } = measurementAt(0);
    await outbox.append('reading', {
      at,
      values: { ...mildValues, seq: 99, epoch: 7, deviceid: 3, text: 'no number', toString: 1 },
      quality: {},
    });

    expect(await drain(await reopened())).toMatchObject([
      { topic: 'weather/1/reading', payload: { deviceid: '1', seq: 1, epoch: outbox.epoch, toString: 1 } },
    ]);
  });

  const reopened = async (): Promise<OpenedOutbox> => {
    await close();
    return await open();
  };

  it('shows the charts of the next release, and that release those of this one', async () => {
    const measurements = Array.from({ length: READINGS }, (_, index) => ({
      at: instantAt(index),
      values: withSnow({ ...mildValues, temperature: index }, index === 3 ? null : 40),
      quality: index === 3 ? { [snowdepth]: 'missing:no-answer' } : {},
    }));
    const next = await chartsOf(await open(), tableWithSnow);
    for (const measurement of measurements.slice(0, 25)) await next.append(measurement);
    const older = await chartsOf(await reopened());
    for (const { at } of measurements.slice(25)) await older.append({ at, values: mildValues, quality: {} });

    const { values } = await older.query(60);
    expect(Object.keys(values)).toHaveLength(7);
    expect(values.temperature).toEqual([
      ...measurements.slice(0, 25).map(({ values: { temperature } }) => temperature),
      ...measurements.slice(25).map(() => mildValues.temperature),
    ]);
    expect((await older.query(3 * 24 * 60)).values.temperature).toHaveLength(2);

    const newer = await chartsOf(await reopened(), tableWithSnow);
    const hour = await newer.query(60);
    expect(hour.values[snowdepth]).toEqual([
      ...measurements.slice(0, 25).map((_, index) => (index === 3 ? null : 40)),
      ...measurements.slice(25).map(() => null),
    ]);
    expect(hour.flags).toEqual([{ row: 3, quantity: 'snowdepth', flag: 'missing:no-answer' }]);
    expect((await newer.query(3 * 24 * 60)).values[snowdepth]).toEqual([40, 40]);
  });
});
