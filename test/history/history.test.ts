import { describe, expect, it } from 'vitest';
import { openHistory } from '../../src/history/history.ts';
import type { Instant, Measurement, Stamp, Values } from '../../src/weather/reading.ts';
import { createManualClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { createFakeDisk } from '../fakes/store.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 24 * 60 * MINUTE_MS;

const calm: Values = {
  temperature: 20,
  humidity: 50,
  winddirection: 90,
  windintensity: 10,
  windgust: 15,
  rainheight: 0,
  pressure: 1013,
};

const setUp = async ({ intervalMs = 12 * SECOND_MS } = {}) => {
  const clock = createManualClock({ wallMs: Date.UTC(2026, 5, 1) });
  const disk = createFakeDisk();
  const log = createRecordingLog();
  const known = { offsetMs: null as number | null };
  const stampOf = (at: Instant): Stamp =>
    at.synchronized || known.offsetMs === null
      ? { wallMs: at.wallMs, timequality: 'synced' }
      : { wallMs: at.monotonicMs + known.offsetMs, timequality: 'corrected' };
  const open = () =>
    openHistory({ store: disk.open(), stampOf, wallMs: () => clock.wallMs(), intervalMs, log });
  const measurement = (
    values: Partial<Values> = {},
    { quality = {}, bootId = 'a', synchronized = true }: Partial<Measurement & Instant> = {},
  ): Measurement => ({
    at: { bootId, monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs(), synchronized },
    values: { ...calm, ...values },
    quality,
  });
  return { clock, disk, log, known, open, measurement, history: await open() };
};

type SetUp = Awaited<ReturnType<typeof setUp>>;

const takeFor = async ({ clock, history, measurement }: SetUp, ms: number, intervalMs = 12 * SECOND_MS) => {
  for (let passed = 0; passed < ms; passed += intervalMs) {
    await clock.advance(intervalMs);
    await history.append(measurement());
  }
};

describe('the history', () => {
  it('gives the last hour reading by reading, oldest first', async () => {
    const { clock, history, measurement } = await setUp();
    for (const temperature of [20, 21, 22]) {
      await clock.advance(12 * SECOND_MS);
      await history.append(measurement({ temperature }));
    }

    const series = await history.query(60);

    expect(series.rowSeconds).toBe(12);
    expect(series.values.temperature).toEqual([20, 21, 22]);
    expect(series.time.map((seconds) => seconds - clock.wallMs() / 1000)).toEqual([-24, -12, 0]);
  });

  it('adds up the rain of the day across a restart', async () => {
    const station = await setUp();
    const { clock, history, measurement, open } = station;
    for (const rainheight of [0.25, 0, null, 0.5]) {
      await clock.advance(60 * MINUTE_MS);
      await history.append(measurement({ rainheight }));
    }
    expect(history.rain().event).toMatchObject({ mm: 0.75, isOver: false });

    const reopened = await open();
    await clock.advance(60 * MINUTE_MS);
    const restoring = reopened.restoreRain(new AbortController().signal);
    await reopened.append(measurement({ rainheight: 1 }));
    await restoring;

    expect(reopened.rain().event).toMatchObject({ mm: 1.75, from: '2026-06-01 01:00:00', isOver: false });
  });

  it('leaves out what is older than asked for', async () => {
    const station = await setUp();
    await takeFor(station, 20 * MINUTE_MS);

    expect((await station.history.query(10)).time).toHaveLength(51);
  });

  it('says whether the station is younger than the span', async () => {
    const station = await setUp();
    expect((await station.history.query(10)).hasEarlier).toBe(false);
    await takeFor(station, 9 * MINUTE_MS);
    expect((await station.history.query(10)).hasEarlier).toBe(false);
    await takeFor(station, 2 * MINUTE_MS);
    expect((await station.history.query(10)).hasEarlier).toBe(true);
    await takeFor(station, 3 * 60 * MINUTE_MS);
    expect((await station.history.query(10)).hasEarlier).toBe(true);
    expect((await station.history.query(7 * 24 * 60)).hasEarlier).toBe(false);
  });

  it('shows a silence as a row of nothing', async () => {
    const { clock, history, measurement } = await setUp();
    await history.append(measurement());
    await clock.advance(5 * MINUTE_MS);
    await history.append(measurement());

    expect((await history.query(60)).values.humidity).toEqual([50, null, 50]);
  });

  it('puts readings together where a chart cannot show each: rain adds up, gusts are the highest', async () => {
    const { clock, history, measurement } = await setUp();
    const directions = [350, 10];
    for (let reading = 0; reading < 20; reading += 1) {
      await clock.advance(12 * SECOND_MS);
      await history.append(
        measurement({
          temperature: reading,
          windgust: reading,
          rainheight: 0.2794,
          winddirection: directions[reading % 2] ?? null,
        }),
      );
    }

    const { rowSeconds, values } = await history.query(24 * 60);

    expect(rowSeconds).toBe(120);
    expect(values.rainheight.reduce<number>((sum, mm) => sum + (mm ?? 0), 0)).toBeCloseTo(20 * 0.2794, 3);
    expect(values.windgust.at(-1)).toBe(19);
    expect(values.winddirection[1]).toBe(0);
    expect(values.temperature[0]).toBeGreaterThan(0);
    expect(values.temperature[0]).toBeLessThan(10);
  });

  it('tells which rows hold a value that is not good, and keeps null what was not measured', async () => {
    const { clock, history, measurement } = await setUp();
    await history.append(measurement({}, { quality: { humidity: 'suspect:stuck' } }));
    await clock.advance(12 * SECOND_MS);
    await history.append(
      measurement({ temperature: null }, { quality: { temperature: 'missing:no-answer' } }),
    );

    const { values, flags } = await history.query(60);

    expect(values.temperature).toEqual([20, null]);
    expect(flags).toEqual([
      { row: 0, quantity: 'humidity', flag: 'suspect:stuck' },
      { row: 1, quantity: 'temperature', flag: 'missing:no-answer' },
    ]);
  });

  it('shows a week in ten-minute means without reading the readings, the running ten minutes included', async () => {
    const station = await setUp();
    await takeFor(station, 65 * MINUTE_MS);
    for (const key of station.disk.keys().filter((name) => name.startsWith('history/reading/')))
      station.disk.tamper(key, () => null);

    const { rowSeconds, time, values } = await station.history.query(7 * 24 * 60);

    expect(rowSeconds).toBe(1200);
    expect(values.temperature.every((celsius) => celsius === 20)).toBe(true);
    expect((time.at(-1) ?? 0) * 1000).toBeGreaterThan(station.clock.wallMs() - 20 * MINUTE_MS);
  });

  it('goes on after a restart in the midst of ten minutes', async () => {
    const station = await setUp();
    await takeFor(station, 15 * MINUTE_MS);

    const history = await station.open();
    await takeFor({ ...station, history }, 10 * MINUTE_MS);

    const { values } = await history.query(7 * 24 * 60);
    expect(values.temperature.filter((celsius) => celsius === null)).toEqual([]);
    expect((await history.query(60)).time).toHaveLength(125);
    expect(station.disk.keys().filter((key) => key.startsWith('history/tenminutes/'))).toHaveLength(2);
  });

  it('loses no more than the unsynced end at a power cut', async () => {
    const station = await setUp();
    await takeFor(station, 2 * MINUTE_MS);

    station.disk.cutPower(7);
    const history = await station.open();
    await history.append(station.measurement());

    expect((await history.query(60)).values.temperature.filter((celsius) => celsius !== null)).toHaveLength(
      8,
    );
  });

  it('dates what was taken before the clock was set by what is known of it now', async () => {
    const { clock, history, known, measurement } = await setUp();
    clock.stepWall(-20 * YEAR_MS);
    await history.append(measurement({ temperature: 1 }, { synchronized: false }));
    await clock.advance(12 * SECOND_MS);
    clock.stepWall(20 * YEAR_MS);
    known.offsetMs = clock.wallMs() - clock.monotonicMs();
    await history.append(measurement({ temperature: 2 }));

    expect((await history.query(60)).values.temperature).toEqual([1, 2]);
  });

  it('neither loses nor shows in the wrong place what a clock that ran ahead has dated', async () => {
    const { clock, history, measurement } = await setUp();
    await history.append(measurement({ temperature: 1 }));
    clock.stepWall(YEAR_MS);
    await history.append(measurement({ temperature: 2 }));
    clock.stepWall(-YEAR_MS);
    await clock.advance(12 * SECOND_MS);
    await history.append(measurement({ temperature: 3 }));

    expect((await history.query(60)).values.temperature).toEqual([1, 3]);
    clock.stepWall(YEAR_MS);
    expect((await history.query(60)).values.temperature).toEqual([2]);
  });

  it('gives the newest readings back as they were taken, oldest first', async () => {
    const station = await setUp();
    await takeFor(station, 60 * MINUTE_MS);
    const last = station.measurement({ temperature: 3 }, { quality: { temperature: 'suspect:step' } });
    await station.history.append(last);

    const recent = await (await station.open()).recent(55 * MINUTE_MS);

    expect(recent).toHaveLength(275);
    expect(recent.at(-1)).toEqual(last);
  });

  it('keeps seven days of readings and no more', async () => {
    const station = await setUp({ intervalMs: 10 * MINUTE_MS });

    await takeFor(station, 10 * 24 * 60 * MINUTE_MS, 10 * MINUTE_MS);

    const kept = station.disk.keys().filter((key) => key.startsWith('history/reading/')).length;
    expect(kept).toBeGreaterThanOrEqual(7 * 144);
    expect(kept).toBeLessThan(7 * 144 + 256);
  });

  it('misses readings while the disk is full, says so once, and goes on afterwards', async () => {
    const station = await setUp();
    station.disk.setFull(true);
    await takeFor(station, MINUTE_MS);
    station.disk.setFull(false);
    await takeFor(station, MINUTE_MS);

    expect((await station.history.query(60)).time).toHaveLength(5);
    expect(station.log.lines().map(({ message }) => message)).toEqual([
      'the disk is full: the history misses readings',
      'the history is written again',
    ]);
  });

  it('does without what a damaged disk made unreadable', async () => {
    const station = await setUp();
    await takeFor(station, MINUTE_MS);
    const [first = '', second = ''] = station.disk.keys();
    station.disk.tamper(first, () => '{');
    station.disk.tamper(second, () => '[1]');

    expect((await station.history.query(60)).time).toHaveLength(3);
  });
});
