import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RainTotals } from '../../src/history/rain-totals.ts';
import { LocalDays } from '../../src/weather/day.ts';
import type { Instant, Measurement } from '../../src/weather/reading.ts';
import { measurementAt } from '../fakes/measurements.ts';

const START_MS = Date.UTC(2026, 5, 1);
const HOUR = 3_600;

const secondsOf = (datetime: string): number => (Date.parse(`${datetime}Z`) - START_MS) / 1000;
const never = new AbortController().signal;

const setUp = (timeZone: string) => {
  let nowSeconds = 0;
  let correctionMs = 0;
  const totals = new RainTotals({
    stampOf: ({ wallMs }: Instant) => ({ wallMs: wallMs + correctionMs }),
    wallMs: () => START_MS + nowSeconds * 1000,
    days: new LocalDays(timeZone),
  });
  const rain = (datetime: string, mm: number | null): void => {
    nowSeconds = secondsOf(datetime);
    totals.note(measurementAt(nowSeconds, { rainheight: mm }));
  };
  return {
    totals,
    rain,
    at: (datetime: string) => {
      nowSeconds = secondsOf(datetime);
      return totals.status();
    },
    correct: (ms: number) => {
      correctionMs = ms;
    },
  };
};

describe('rain today', () => {
  it('begins at the midnight of the station', () => {
    const { rain, at } = setUp('America/New_York');
    rain('2026-06-02 03:59:59', 1);
    rain('2026-06-02 04:00:00', 2);
    rain('2026-06-02 15:00:00', 0.5);

    expect(at('2026-06-02 20:00:00')).toMatchObject({ date: '2026-06-02', todayMm: 2.5 });
  });

  it.each([
    ['2026-03-29', '2026-03-28 23:00:00', '2026-03-29 21:59:59', '2026-03-29 22:00:00'],
    ['2026-10-25', '2026-10-24 22:00:00', '2026-10-25 22:59:59', '2026-10-25 23:00:00'],
  ])('of a day on which clocks change, %s, is of all its hours', (date, first, last, after) => {
    const { rain, at } = setUp('Europe/Berlin');
    rain(first, 1);
    rain(last, 2);

    expect(at(last)).toMatchObject({ date, todayMm: 3 });
    rain(after, 4);
    expect(at(after).todayMm).toBe(4);
  });

  it('is unknown until the gauge has measured on that day, and 0 once it did', () => {
    const { rain, at } = setUp('UTC');
    expect(at('2026-06-01 12:00:00').todayMm).toBeNull();

    rain('2026-06-01 23:59:00', 1);
    rain('2026-06-02 00:01:00', null);
    expect(at('2026-06-02 00:02:00').todayMm).toBeNull();

    rain('2026-06-02 00:03:00', 0);
    expect(at('2026-06-02 00:04:00').todayMm).toBe(0);
  });

  it('is counted anew once the clock that was wrong is set', () => {
    const { rain, at, correct } = setUp('UTC');
    rain('2026-06-01 23:30:00', 1);
    rain('2026-06-02 00:30:00', 2);
    correct(-2 * HOUR * 1000);

    expect(at('2026-06-01 23:00:00')).toMatchObject({ date: '2026-06-01', todayMm: 3 });
  });
});

describe('a rain event', () => {
  it('goes on over midnight, and ends after six hours without rain', () => {
    const { rain, at } = setUp('UTC');
    rain('2026-06-01 10:00:00', 9);
    rain('2026-06-01 16:00:00', 1);
    rain('2026-06-01 21:59:59', 2);
    rain('2026-06-02 03:59:58', 3);

    expect(at('2026-06-02 04:00:00')).toEqual({
      date: '2026-06-02',
      todayMm: 3,
      event: { mm: 6, from: '2026-06-01 16:00:00', to: '2026-06-02 03:59:58', isOver: false },
    });
    expect(at('2026-06-02 09:59:58').event).toMatchObject({ mm: 6, isOver: true });
    expect(at('2026-06-04 04:00:00').event).toBeNull();
  });
});

describe('the rain of earlier runs', () => {
  const pagesOf = (...pages: (readonly Measurement[])[]) =>
    (async function* () {
      for (const page of pages) {
        await turn();
        yield page;
      }
      throw new Error('it read on');
    })();
  const at = (datetime: string, rainheight: number | null) =>
    measurementAt(secondsOf(datetime), { rainheight });

  it('is added, newest first, until nothing older counts', async () => {
    const { totals, rain, at: status } = setUp('UTC');
    rain('2026-06-05 12:00:00', 1);
    await totals.restore(
      pagesOf(
        [at('2026-06-05 11:00:00', 0), at('2026-06-05 08:00:00', 2)],
        // It rained on for more than two days.
        ...['05 03', '04 22', '04 17', '04 12', '04 07', '04 02', '03 21', '03 16', '03 11'].map((hour) => [
          at(`2026-06-${hour}:00:00`, 1),
        ]),
        [at('2026-06-03 08:00:00', null), at('2026-06-03 04:00:00', 0)],
      ),
      never,
    );

    expect(status('2026-06-05 12:30:00')).toMatchObject({
      todayMm: 4,
      event: { mm: 12, from: '2026-06-03 11:00:00', isOver: false },
    });
  });

  it('is left off at the stop', async () => {
    const { totals, at: status } = setUp('UTC');
    status('2026-06-05 12:00:00');
    await totals.restore(pagesOf([at('2026-06-05 11:00:00', 1)]), AbortSignal.abort());

    expect(status('2026-06-05 12:00:00').todayMm).toBe(1);
  });

  it('is forgotten after a week', () => {
    const { rain, at: status } = setUp('UTC');
    rain('2026-06-01 00:00:00', 5);
    for (let hours = 1; hours <= 8 * 24; hours += 1)
      rain(new Date(START_MS + hours * 3_600_000).toISOString().slice(0, 19).replace('T', ' '), 1);

    expect(status('2026-06-09 00:00:00').event).toMatchObject({ isOver: false, mm: 7 * 24 + 1 });
  });
});
