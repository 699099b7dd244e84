import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { qualitySchema } from '../../src/config/quality-schema.ts';
import { createQualityControl } from '../../src/quality/quality-control.ts';
import { quantities } from '../../src/weather/quantities.ts';
import type { Measurement, QualityFlags, RawMeasurement, Values } from '../../src/weather/reading.ts';
import { instantAt, mildValues, rawAt } from '../fakes/measurements.ts';

const control = (intervalMs = 12_000) =>
  createQualityControl({ limits: qualitySchema.parse({}), intervalMs });

/** The flags of the last of these readings. */
const lastQuality = (readings: readonly RawMeasurement[], intervalMs?: number) => {
  const { check } = control(intervalMs);
  return readings.map((reading) => check(reading).quality).at(-1);
};

/** One value each five minutes for as long, everything else unchanged. */
const standing = (values: Partial<Values>, minutes: number): RawMeasurement[] => [
  // A change before, by the least a working sensor shows.
  rawAt(-600, {
    ...values,
    temperature: 15.01,
    humidity: (values.humidity ?? 60) + 0.1,
    pressure: 1013.01,
    windintensity: (values.windintensity ?? 12) + 0.5,
  }),
  ...Array.from({ length: minutes / 5 + 1 }, (_, index) => rawAt(index * 300, values)),
];

describe('the range check', () => {
  it.each([
    ['temperature', -40, 60],
    ['humidity', 0, 105],
    ['winddirection', 0, 360],
    ['windintensity', 0, 408],
    ['windgust', 0, 408],
    ['rainheight', 0, 40],
    ['pressure', 500, 1100],
  ] as const)('lets %s pass from %d to %d and fails it beyond', (quantity, min, max) => {
    for (const value of [min, max]) {
      expect(control().check(rawAt(0, { [quantity]: value })).quality[quantity] ?? '').not.toContain(
        'failed',
      );
    }
    for (const value of [min - 0.1, max + 0.1, Number.NaN]) {
      const { quality, values } = control().check(rawAt(0, { [quantity]: value }));
      expect(quality[quantity]).toBe('failed:range');
      expect(values[quantity]).toBeNull();
    }
  });

  it('keeps a wind that the instrument is not made for, and that has blown', () => {
    expect(control().check(rawAt(0, { windgust: 256.7, windintensity: 50 }))).toMatchObject({
      values: { windgust: 256.7 },
      quality: { windgust: 'suspect:range' },
    });
    expect(control().check(rawAt(0, { windgust: 256.7, windintensity: 153.7 })).quality).toEqual({});
  });

  it('takes humidity from 100 to 105 as 100', () => {
    expect(control().check(rawAt(0, { humidity: 102 }))).toMatchObject({
      values: { humidity: 100 },
      quality: {},
    });
  });

  it('fails rain beyond the records of a quarter of an hour and an hour, and doubts what follows', () => {
    const perMinute = (mm: number, minutes: number) =>
      Array.from({ length: minutes }, (_, index) => rawAt(index * 60, { rainheight: mm }));
    const flags = (readings: RawMeasurement[]) => {
      const { check } = control(60_000);
      return readings.map((reading) => check(reading).quality.rainheight);
    };

    expect(flags(perMinute(33.6, 10)).filter((flag) => flag === 'failed:range')).toHaveLength(5);
    expect(flags(perMinute(10, 60)).filter((flag) => flag === 'failed:range')).toHaveLength(20);
    expect(
      flags([...perMinute(41, 1), rawAt(600, { rainheight: 1 }), rawAt(3700, { rainheight: 1 })]),
    ).toEqual(['failed:range', 'suspect:after-failure', undefined]);
  });

  it('allows as much more rain as the time since the previous reading was longer', () => {
    expect(lastQuality([rawAt(0), rawAt(120, { rainheight: 80 })])).toEqual({});
    expect(lastQuality([rawAt(0), rawAt(119, { rainheight: 80 })])).toEqual({ rainheight: 'failed:range' });
  });

  it('takes no value from an instrument that reported a fault', () => {
    const { quality, values } = control().check(rawAt(0, { humidity: 50 }, { humidity: 'missing:bus' }));

    expect(quality).toEqual({ humidity: 'missing:bus' });
    expect(values.humidity).toBeNull();
  });
});

describe('the doubts of an instrument', () => {
  const doubts: QualityFlags = { rainheight: 'suspect:bounce' };

  it('stand beside its value, before what else is unlikely', () => {
    expect(control().check({ ...rawAt(0, { rainheight: 0.5588, humidity: 20 }), doubts })).toMatchObject({
      values: { rainheight: 0.5588 },
      quality: doubts,
    });
  });

  it('give way to a hard failure', () => {
    expect(lastQuality([{ ...rawAt(0, { rainheight: 41 }), doubts }])).toEqual({
      rainheight: 'failed:range',
    });
  });
});

describe('the step check', () => {
  it.each([
    ['temperature', 15, 3],
    ['humidity', 60, 10],
    ['pressure', 1013, 0.5],
    ['windintensity', 10, 36],
  ] as const)('flags %s when it jumps from %d by more than %d, up or down', (quantity, from, step) => {
    const jump = (by: number) =>
      lastQuality([
        rawAt(0, { [quantity]: from, windgust: 90 }),
        rawAt(12, { [quantity]: from + by, windgust: 90 }),
      ]);

    expect(jump(step)).toEqual({});
    expect(jump(step + 0.01)).toEqual({ [quantity]: 'suspect:step' });
    if (quantity !== 'windintensity') expect(jump(-step - 0.01)).toEqual({ [quantity]: 'suspect:step' });
  });

  it.each([
    ['temperature', 15, 10],
    ['pressure', 1013, 2],
  ] as const)('fails %s when it jumps from %d by more than %d within a minute', (quantity, from, step) => {
    const jump = (by: number) =>
      [0, 0, by]
        .map((change, index) => rawAt(index * 12, { [quantity]: from + change }))
        .map(control().check)
        .at(-1);

    expect(jump(step)).toMatchObject({
      quality: { [quantity]: 'suspect:step' },
      values: { [quantity]: from + step },
    });
    expect(jump(-step - 0.01)).toMatchObject({
      quality: { [quantity]: 'failed:step' },
      values: { [quantity]: null },
    });
  });

  it('compares with the last value that passed, not with the one that jumped', () => {
    const spike = [15, 15, 25, 15].map((temperature, index) => rawAt(index * 12, { temperature }));

    expect(lastQuality(spike)).toEqual({});
  });

  it('widens to the hourly limit after a minute and a half, and ends after an hour', () => {
    const jumpAfter = (seconds: number, temperature: number) =>
      lastQuality([rawAt(0), rawAt(seconds, { temperature })])?.temperature;

    expect(jumpAfter(90, 15 + 10)).toBe('suspect:step');
    expect(jumpAfter(91, 15 + 10)).toBeUndefined();
    expect(jumpAfter(91, 15 + 19)).toBeUndefined();
    expect(jumpAfter(3600, 15 + 19.5)).toBe('suspect:step');
    expect(jumpAfter(3601, 15 + 19.5)).toBeUndefined();
  });

  it('has an hourly limit for each quantity but the wind', () => {
    const jump = (values: Partial<Values>) =>
      lastQuality([rawAt(0, { windgust: 150 }), rawAt(600, { windgust: 150, ...values })]);

    expect(jump({ humidity: 9 })).toEqual({ humidity: 'suspect:step' });
    expect(jump({ humidity: 10 })).toEqual({});
    expect(jump({ pressure: 1002.9 })).toEqual({ pressure: 'suspect:step' });
    expect(jump({ pressure: 1003 })).toEqual({});
    expect(jump({ windintensity: 150 })).toEqual({});
  });

  it('lets no wrong first value doubt the hour after it', () => {
    const { check } = control();
    const flagged = [820, 1013, 1013.1, 1013].map(
      (pressure, index) => check(rawAt(index * 12, { pressure })).quality.pressure,
    );

    expect(flagged).toEqual([undefined, 'suspect:step', undefined, undefined]);
  });

  it('remembers across missing values', () => {
    expect(lastQuality([rawAt(0), rawAt(12, { temperature: null }), rawAt(24, { temperature: 20 })])).toEqual(
      {
        temperature: 'suspect:step',
      },
    );
    expect(lastQuality([rawAt(0, { temperature: null }), rawAt(12, { temperature: 40 })])).toEqual({});
  });
});

describe('the persistence check', () => {
  it('flags what stood still for an hour of readings, not before', () => {
    expect(lastQuality(standing({}, 55), 300_000)).toEqual({});
    expect(lastQuality(standing({}, 60), 300_000)).toEqual({
      temperature: 'suspect:stuck',
      humidity: 'suspect:stuck',
      pressure: 'suspect:stuck',
      windintensity: 'suspect:stuck',
    });
  });

  it('lets humid air and a calm wind stand still', () => {
    const quality = lastQuality(
      standing({ humidity: 96, windintensity: 1, winddirection: null }, 60),
      300_000,
    );

    expect(quality).toEqual({ temperature: 'suspect:stuck', pressure: 'suspect:stuck' });
  });

  it('doubts humidity that stays at 100 % while the temperature moves by 10 K, or for six days', () => {
    const hours = (count: number, swing: number) =>
      Array.from({ length: count }, (_, hour) =>
        rawAt(hour * 3600, { humidity: 100, temperature: 10 + (swing / 2) * Math.sin(hour / 4) }),
      );

    expect(lastQuality(hours(140, 6), 3_600_000)).not.toHaveProperty('humidity');
    expect(lastQuality(hours(146, 6), 3_600_000)).toHaveProperty('humidity', 'suspect:stuck');
    expect(lastQuality(hours(26, 11), 3_600_000)).toHaveProperty('humidity', 'suspect:stuck');
  });

  it('doubts humidity that stays at 100 % for six days where nothing measures the temperature', () => {
    const hours = (count: number) =>
      Array.from({ length: count }, (_, hour) => rawAt(hour * 3600, { humidity: 100, temperature: null }));

    expect(lastQuality(hours(140), 3_600_000)).not.toHaveProperty('humidity');
    expect(lastQuality(hours(146), 3_600_000)).toHaveProperty('humidity', 'suspect:stuck');
  });

  it('gives values in coarse steps more time, and skips such wind', () => {
    const coarse = (minutes: number) => [
      rawAt(-600, { temperature: 15.1, windintensity: 15.6 }),
      ...standing({}, minutes).slice(1),
    ];

    expect(lastQuality(coarse(590), 300_000)).not.toHaveProperty('temperature');
    expect(lastQuality(coarse(610), 300_000)).toHaveProperty('temperature', 'suspect:stuck');
    expect(lastQuality(coarse(6000), 300_000)).not.toHaveProperty('windintensity');
  });

  it('does not count a time that nobody observed', () => {
    const readings = [...standing({}, 50), rawAt(10 * 3600)];

    expect(lastQuality(readings, 100_000)).toEqual({});
  });

  it('needs ten readings: hourly ones that agree prove nothing', () => {
    const first = rawAt(-3600, { temperature: 15.01, windintensity: 12.5 });
    const hourly = [first, ...Array.from({ length: 9 }, (_, index) => rawAt(index * 3600))];

    expect(lastQuality(hourly, 3_600_000)).toEqual({});
    expect(lastQuality([...hourly, rawAt(9 * 3600)], 3_600_000)).toHaveProperty(
      'temperature',
      'suspect:stuck',
    );
  });

  it('begins again with each change that a working sensor shows', () => {
    const readings = [...standing({}, 55), rawAt(3600, { temperature: 15.1 }), rawAt(3900)];

    expect(lastQuality(readings, 300_000)).not.toHaveProperty('temperature');
  });
});

describe('the vane and the anemometer', () => {
  const windy = { windintensity: 20, windgust: 25, winddirection: 100 };

  it('does not call the vane frozen in a light wind, or when it is not known', () => {
    expect(lastQuality(standing({ ...windy, windintensity: 18 }, 120), 300_000)).not.toHaveProperty(
      'winddirection',
    );
    expect(lastQuality(standing({ ...windy, windintensity: null }, 120), 300_000)).not.toHaveProperty(
      'winddirection',
    );
    expect(
      lastQuality([...standing(windy, 120), rawAt(9_000, { winddirection: null })], 300_000),
    ).not.toHaveProperty('winddirection');
  });

  it('sees across north that a vane rests', () => {
    const readings = standing(windy, 60).map((raw, index) => ({
      ...raw,
      values: { ...raw.values, winddirection: index % 2 === 0 ? 359.9 : 0.1 },
    }));

    expect(lastQuality(readings, 300_000)).toHaveProperty('winddirection', 'suspect:frozen');
  });

  it('has no flag for the direction that a calm wind has not', () => {
    const { quality, values } = [...standing(windy, 60), rawAt(3900, { ...windy, windintensity: 1 })]
      .map(control(300_000).check)
      .at(-1) ?? { quality: {}, values: mildValues };

    expect(quality).not.toHaveProperty('winddirection');
    expect(values.winddirection).toBeNull();
  });

  it('keeps the direction when nobody knows the wind', () => {
    expect(control().check(rawAt(0, { windintensity: null })).values.winddirection).toBe(240);
  });

  it('does not miss the turns of a vane that was not read in between', () => {
    const readings = Array.from({ length: 11 }, (_, index) =>
      rawAt(index * 60, {
        windintensity: 0,
        windgust: 0,
        winddirection: [0, null, 90, null, 180][index % 5] ?? null,
      }),
    );

    expect(lastQuality(readings, 60_000)).toHaveProperty('windintensity', 'suspect:still');
  });
});

describe('contradictions', () => {
  it('flags a gust below the mean', () => {
    expect(lastQuality([rawAt(0, { windintensity: 12, windgust: 11.9 })])).toEqual({});
    expect(lastQuality([rawAt(0, { windintensity: 12, windgust: 11.8 })])).toEqual({
      windgust: 'suspect:gust',
    });
    expect(lastQuality([rawAt(0, { windintensity: null, windgust: 11.8 })])).toEqual({});
    expect(lastQuality([rawAt(0, { windintensity: 12, windgust: null })])).toEqual({});
  });

  it('flags rain in dry air, and only rain', () => {
    expect(lastQuality([rawAt(0, { rainheight: 0.2794, humidity: 9.9 })])).toEqual({
      rainheight: 'suspect:dry-air',
    });
    expect(lastQuality([rawAt(0, { rainheight: 0.2794, humidity: 10 })])).toEqual({});
    expect(lastQuality([rawAt(0, { rainheight: 0.2794, humidity: null })])).toEqual({});
    expect(lastQuality([rawAt(0, { rainheight: 0, humidity: 5 })])).toEqual({});
    expect(lastQuality([rawAt(0, { rainheight: null, humidity: 20 })])).toEqual({});
  });

  it('lets no humidity convict the rain that has stood still for an hour, stuck or not', () => {
    const { check } = control(12_000);
    for (let seconds = 0; seconds <= 3_600; seconds += 12) check(rawAt(seconds, { humidity: 5 }));

    expect(check(rawAt(3_612, { humidity: 5, rainheight: 0.2794 })).quality).not.toHaveProperty('rainheight');
  });

  it('lets no value that is in doubt itself convict another', () => {
    const stuck = standing({ humidity: 5 }, 60);
    const { check } = control(300_000);
    for (const reading of stuck) check(reading);

    expect(check(rawAt(3900, { humidity: 5, rainheight: 10 })).quality).toMatchObject({
      humidity: 'suspect:stuck',
    });
    expect(check(rawAt(4200, { humidity: 5, rainheight: 10 })).quality).not.toHaveProperty('rainheight');
  });
});

describe('a restart of the machine', () => {
  const rebooted = (wallSeconds: number, synchronized: boolean) => ({
    ...rawAt(0, { temperature: 25 }),
    at: instantAt(wallSeconds, { bootId: 'boot-2', monotonicMs: 20_000, synchronized }),
  });

  it('is bridged where both sides knew the time', () => {
    expect(lastQuality([rawAt(0), rebooted(60, true)])).toEqual({ temperature: 'suspect:step' });
  });

  it('makes the checks begin anew where nobody knows how long it took', () => {
    expect(lastQuality([rawAt(0), rebooted(60, false)])).toEqual({});
    expect(lastQuality([rawAt(0), rebooted(-60, true)])).toEqual({});
  });
});

describe('quality control as a whole', () => {
  const value = fc.option(fc.double({ min: -2000, max: 2000 }), { nil: null });
  const values = fc.record({
    temperature: value,
    humidity: value,
    winddirection: value,
    windintensity: value,
    windgust: value,
    rainheight: value,
    pressure: value,
  });

  const isCalm = ({ windintensity }: Values): boolean => (windintensity ?? 99) < 1.8;

  const expectHonest = (given: Values, { values: kept, quality }: Measurement) => {
    const clipped = { ...given, humidity: Math.min(given.humidity ?? 0, 100) };
    for (const quantity of quantities) {
      // A calm has no direction, and needs no reason for that.
      if (quantity === 'winddirection' && isCalm(kept)) continue;
      const isTakenAway = kept[quantity] === null && given[quantity] !== null;
      expect(quality[quantity] ?? '').toMatch(isTakenAway ? /^failed:(range|step)$/ : /^(suspect:.+)?$/);
      if (kept[quantity] !== null) expect(kept[quantity]).toBe(clipped[quantity]);
    }
  };

  it('invents no number, and gives a reason for each one it takes away', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(values, fc.nat(10_000)), { maxLength: 40 }), (series) => {
        const { check } = control();
        let seconds = 0;
        for (const [given, step] of series) {
          seconds += step;
          expectHonest(given, check(rawAt(seconds, given)));
        }
      }),
    );
  });

  it('has a memory that survives being written down', () => {
    const readings = standing({ winddirection: null }, 60);
    const { check } = control(300_000);
    for (const reading of readings) check(reading);

    expect(
      lastQuality(
        readings.map((reading) => JSON.parse(JSON.stringify(reading))),
        300_000,
      ),
    ).toEqual(lastQuality(readings, 300_000));
  });
});

describe('values in coarse steps', () => {
  it('may change by one step, once the step is known', () => {
    const { check } = control(60_000);
    const hpaAt = (minute: number): number => 1013 + (minute % 10 >= 5 ? 1 : 0);
    const flagsOf = (fromMinute: number): (string | undefined)[] =>
      Array.from({ length: 50 }, (_, index) => {
        const minute = fromMinute + index;
        return check(rawAt(minute * 60, { pressure: hpaAt(minute) })).quality.pressure;
      });

    expect(flagsOf(0)).toContain('suspect:step');
    expect(flagsOf(50).filter((flag) => flag !== undefined)).toEqual([]);
    expect(check(rawAt(6_000, { pressure: 1015.9 })).quality.pressure).toBe('suspect:step');
  });
});
