import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveFrom } from '../../src/weather/derived.ts';
import type { Measurement, Values } from '../../src/weather/reading.ts';
import { instantAt, measurementAt } from '../fakes/measurements.ts';

/** Every 12 s for so many minutes. */
const series = (minutes: number, values: (seconds: number) => Partial<Values>): Measurement[] =>
  Array.from({ length: minutes * 5 + 1 }, (_, index) => measurementAt(index * 12, values(index * 12)));

const derive = (recent: readonly Measurement[], intervalMs = 12_000) => deriveFrom(recent, { intervalMs });

describe('what is derived from nothing', () => {
  it('is not known', () => {
    expect(new Set(Object.values(derive([])))).toEqual(new Set([null]));
  });
});

describe('the ten-minute wind', () => {
  it('has a scalar mean speed and the direction of the mean vector', () => {
    const wind = derive(
      series(12, (seconds) =>
        seconds % 24 === 0
          ? { windintensity: 10, winddirection: 350 }
          : { windintensity: 30, winddirection: 20 },
      ),
    );

    expect(wind.windmean).toBeCloseTo(20, 5);
    // atan2(30 sin 20 + 10 sin -10, 30 cos 20 + 10 cos -10)
    expect(wind.windmeandirection).toBeCloseTo(12.61, 1);
  });

  it('looks back ten minutes, not further', () => {
    const wind = derive(
      series(20, (seconds) => ({
        windintensity: seconds <= 600 ? 60 : 12,
        windgust: seconds <= 600 ? 90 : 20,
      })),
    );

    expect(wind.windmean).toBeCloseTo(12, 5);
    expect(wind.windmaxgust).toBe(20);
  });

  it('is not known before two thirds of the time are', () => {
    expect(derive(series(6, () => ({})))).toMatchObject({
      windmean: null,
      windmeandirection: null,
      windmaxgust: 18,
    });
    expect(derive(series(7, () => ({}))).windmean).toBeCloseTo(12, 5);
  });

  it('does not let a reading stand for the gap before it', () => {
    const recent = series(20, () => ({})).filter(
      ({ at }) => at.monotonicMs < 700_000 || at.monotonicMs > 1_000_000,
    );

    expect(derive(recent).windmean).toBeNull();
  });

  it('is that of the last reading where one covers more than ten minutes', () => {
    const hourly = [measurementAt(0, { windintensity: 99 }), measurementAt(3600, { windintensity: 24 })];

    expect(derive(hourly, 3_600_000)).toMatchObject({
      windmean: 24,
      windmeandirection: expect.closeTo(240, 5),
    });
  });

  it('has no direction in a calm, where directions cancel, or where most are unknown', () => {
    expect(derive(series(10, () => ({ windintensity: 1.7, winddirection: null })))).toMatchObject({
      windmean: expect.closeTo(1.7, 5),
      windmeandirection: null,
    });
    const turning = series(10, (seconds) => ({ winddirection: seconds % 24 === 0 ? 90 : 270 }));
    expect(derive(turning.slice(1)).windmeandirection).toBeNull();
    expect(derive(series(10, () => ({ winddirection: null })))).toMatchObject({
      windmean: expect.closeTo(12, 5),
      windmeandirection: null,
    });
  });

  it('has the configured threshold of the calm, as quality control has', () => {
    const recent = series(10, (seconds) =>
      seconds % 24 === 0
        ? { windintensity: 20, winddirection: 45 }
        : { windintensity: 4, winddirection: null },
    );

    expect(deriveFrom(recent, { intervalMs: 12_000 }).windmeandirection).toBeNull();
    expect(deriveFrom(recent, { intervalMs: 12_000, calmKmh: 5 }).windmeandirection).toBeCloseTo(45, 5);
  });

  it('takes a calm between gusts as a wind without direction', () => {
    const gusty = series(10, (seconds) =>
      seconds % 24 === 0
        ? { windintensity: 20, winddirection: 45 }
        : { windintensity: 0, winddirection: null },
    );

    expect(derive(gusty).windmeandirection).toBeCloseTo(45, 5);
  });

  it('leaves out what quality control doubts', () => {
    const doubted = series(10, () => ({})).map((measurement, index) =>
      index % 4 === 0
        ? {
            ...measurement,
            values: { ...measurement.values, windintensity: 200, windgust: 230 },
            quality: { windintensity: 'suspect:step', windgust: 'suspect:still' },
          }
        : measurement,
    );

    expect(derive(doubted)).toMatchObject({ windmean: expect.closeTo(12, 5), windmaxgust: 18 });
  });

  it('lies between the lowest and the highest reading, its direction below 360', () => {
    const reading = fc.record({
      windintensity: fc.double({ min: 0, max: 200, noNaN: true }),
      winddirection: fc.double({ min: 0, max: 360, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(reading, { minLength: 41, maxLength: 60 }), (readings) => {
        const { windmean, windmeandirection } = derive(
          readings.map((each, index) => measurementAt(index * 12, each)),
        );
        const speeds = readings.slice(-50).map(({ windintensity }) => windintensity);
        expect(windmean).toBeGreaterThanOrEqual(Math.min(...speeds) - 1e-9);
        expect(windmean).toBeLessThanOrEqual(Math.max(...speeds) + 1e-9);
        expect(windmeandirection ?? 0).toBeGreaterThanOrEqual(0);
        expect(windmeandirection ?? 0).toBeLessThan(360);
      }),
    );
  });
});

describe('the rain', () => {
  const tip = 0.2794;
  const tipsAt =
    (...seconds: number[]) =>
    (now: number) => ({ rainheight: seconds.includes(now) ? tip : 0 });
  const intensity = (minutes: number, ...seconds: number[]) =>
    derive(series(minutes, tipsAt(...seconds))).rainintensity;

  it('does not fall before the first tip, and is not known when the gauge is out of order', () => {
    expect(intensity(60)).toBe(0);
    expect(derive([measurementAt(0, { rainheight: null })]).rainintensity).toBeNull();
    expect(derive([measurementAt(0, { rainheight: 1 }, { rainheight: 'suspect:dry-air' })])).toMatchObject({
      rainintensity: null,
      rainhour: null,
    });
  });

  it('spreads a first tip over a quarter of an hour', () => {
    expect(intensity(10, 600)).toBeCloseTo(tip * 4, 5);
  });

  it('spreads tips over the time since, and two that are near over a quarter of an hour', () => {
    expect(intensity(20, 900, 1200)).toBeCloseTo(tip * 12, 5);
    const unsure = [measurementAt(0, { rainheight: tip }), measurementAt(60, { rainheight: null })];
    expect(derive([...unsure, measurementAt(120, { rainheight: tip })]).rainintensity).toBeCloseTo(
      tip * 8,
      5,
    );
    expect(intensity(10, 300, 360, 420, 480, 540, 600)).toBeCloseTo(tip * 60, 5);
  });

  it('counts the tips of a minute in heavy rain', () => {
    expect(intensity(10, 480, 504, 528, 552, 576, 600)).toBeCloseTo((tip * 3 * 3600) / 72, 5);
    // 100 mm/h began half a minute ago: a minute is the least that tells.
    expect(intensity(10, 564, 576, 588, 600)).toBeCloseTo(tip * 3 * 60, 5);
  });

  it('falls while no tip comes, and ends after a quarter of an hour', () => {
    expect(intensity(20, 540, 600)).toBeCloseTo((tip * 3600) / 600, 5);
    expect(intensity(24.8, 540, 600)).toBeCloseTo((tip * 3600) / 888, 5);
    expect(intensity(25, 540, 600)).toBe(0);
  });

  it('does not spread a tip over a night', () => {
    expect(intensity(60, 0, 3600)).toBeCloseTo(tip * 4, 5);
  });

  it('spreads what one long reading brought over all of it', () => {
    const hourly = [measurementAt(0, { rainheight: 2 }), measurementAt(3600, { rainheight: 6 })];

    expect(derive(hourly, 3_600_000).rainintensity).toBe(6);
    expect(derive(hourly.slice(1), 3_600_000).rainintensity).toBe(6);
  });

  it('adds up what the last hour brought', () => {
    expect(derive(series(90, tipsAt(1790, 1800, 1812, 3600, 5400))).rainhour).toBeCloseTo(3 * tip, 5);
  });
});

describe('the air', () => {
  it('gives dew point, sea-level pressure, heat index and wind chill of the last reading', () => {
    const hot = deriveFrom(
      series(10, () => ({ temperature: 33, humidity: 60 })),
      { intervalMs: 12_000, elevationMetres: 8 },
    );
    expect(hot).toMatchObject({
      dewpoint: expect.closeTo(24.2, 1),
      sealevelpressure: expect.closeTo(1013.9, 1),
      heatindex: expect.closeTo(39.5, 1),
      windchill: null,
    });
    expect(derive(series(10, () => ({ temperature: -5 })))).toMatchObject({
      sealevelpressure: null,
      heatindex: null,
      windchill: expect.closeTo(-10.2, 0),
    });
  });

  it('takes no part of it from a value in doubt', () => {
    const doubted = measurementAt(0, { temperature: 33 }, { temperature: 'suspect:stuck' });

    expect(derive([doubted])).toMatchObject({ dewpoint: null, heatindex: null });
  });
});

describe('the pressure tendency', () => {
  it('is the change since three hours ago', () => {
    const falling = series(200, (seconds) => ({ pressure: 1013 - seconds / 3600 }));

    expect(derive(falling).pressuretendency).toBeCloseTo(-3, 5);
  });

  it('takes the reading nearest to it, five minutes off at most', () => {
    const at = (seconds: number, pressure: number | null) => measurementAt(seconds, { pressure });
    expect(derive([at(0, 1010), at(100, 1011), at(200, 1012), at(10_900, 1005)]).pressuretendency).toBe(-6);
    expect(derive([at(0, 1010), at(11_101, 1005)]).pressuretendency).toBeNull();
    expect(derive([at(0, 1010), at(11_100, 1005)]).pressuretendency).toBe(-5);
    expect(derive([at(0, null), at(10_800, 1005)]).pressuretendency).toBeNull();
    expect(derive([at(0, 1010), at(10_800, null)]).pressuretendency).toBeNull();
  });

  it('allows an interval off where that is longer', () => {
    expect(
      derive(
        [0, 3600, 7200, 10_860].map((each) => measurementAt(each)),
        3_600_000,
      ).pressuretendency,
    ).toBe(0);
  });
});

describe('measurements from before a reboot', () => {
  const rebooted = (synchronized: boolean): Measurement[] =>
    series(5, () => ({})).map((measurement, index) => ({
      ...measurement,
      at: instantAt(312 + index * 12, {
        bootId: 'boot-2',
        monotonicMs: 20_000 + index * 12_000,
        synchronized,
      }),
    }));

  it('count where both sides knew the time', () => {
    expect(derive([...series(5, () => ({})), ...rebooted(true)]).windmean).toBeCloseTo(12, 5);
    expect(derive([...series(5, () => ({})), ...rebooted(false)]).windmean).toBeNull();
  });
});
