import { z } from 'zod';
import { CALM_KMH } from '../weather/derived.ts';
import {
  type LimitName,
  limitsOf,
  MAX_RAIN_MM_PER_MINUTE,
  type QuantityTable,
  quantitiesOf,
  quantityTable,
} from '../weather/quantities.ts';
import { decimalNumber, wholeNumber } from './fields.ts';

const limit = (min: number, max: number, value: number, what: string) =>
  decimalNumber(min, max).default(value).describe(`${what} ${min} to ${max}.`);

const meanings: Readonly<Record<LimitName, string>> = {
  min: 'Below it the value fails',
  max: 'Above it the value fails',
  step: 'A larger change within a minute is suspect',
  stepFails: 'A larger change within a minute fails',
  hourlyChange: 'A larger change within an hour is suspect',
  stuck: 'A smaller change over the stuck time is suspect',
  stuckUpTo: 'Above it an unchanged value is not suspect',
};

const limitNames = Object.keys(meanings) as LimitName[];

type Keys = Readonly<Record<string, ReturnType<typeof limit>>>;

/** The keys of a section: `minCelsius` and so on. */
const sectionKeys = (section: string, table: QuantityTable): Keys =>
  Object.fromEntries(
    quantitiesOf(table).flatMap((quantity) => {
      const record = table[quantity];
      const { configured, unit } = record;
      if (configured?.section !== section) return [];
      return limitNames.flatMap((name) => {
        const found = limitsOf(record)[name];
        if (typeof found !== 'object') return [];
        const { least, most, value } = found;
        return [[`${name}${configured.unit}`, limit(least, most, value, `${meanings[name]}, ${unit}.`)]];
      });
    }),
  );

const sectionsOf = (table: QuantityTable) => {
  const names = quantitiesOf(table).flatMap((quantity) => table[quantity].configured?.section ?? []);
  return Object.fromEntries(
    names.map((name) => [name, z.strictObject(sectionKeys(name, table)).prefault({})]),
  );
};

/** The wind has limits that belong to no single quantity. Gust: MesoWest's 75 kt above the mean. */
const windSchemaOf = (table: QuantityTable) =>
  z
    .strictObject({
      ...sectionKeys('wind', table),
      gustAboveMeanKmh: limit(10, 500, 139, 'A gust that exceeds the mean by more is suspect, km/h.'),
      calmKmh: limit(
        0,
        10,
        CALM_KMH,
        'Below it the wind is calm and has no direction, km/h (WMO-No. 8: 0.5 m/s).',
      ),
    })
    .prefault({});

/**
 * Frozen: WMO says 10° over an hour; a vane of 16 positions that is free may rest in one for most of an hour, one that
 * is frozen shows no change at all. At 5 m/s none rests for an hour.
 */
const vaneSchema = z
  .strictObject({
    frozenDegrees: limit(1, 90, 3, 'A smaller change over the stuck time is suspect, degrees.'),
    frozenFromKmh: limit(
      1,
      100,
      18,
      'Only time with a wind stronger than this counts towards a frozen vane, km/h.',
    ),
    stillMinutes: wholeNumber(1, 1440)
      .default(10)
      .describe(
        'Time over which a turning vane shows that a still anemometer is stuck, min. 1 to 1440. Needs at least stillMoves readings.',
      ),
    stillMoves: wholeNumber(2, 100)
      .default(5)
      .describe('How often the vane must have turned by more than one position. 2 to 100.'),
  })
  .prefault({});

/**
 * WMO: at most 40 mm in a minute, whatever the readings' interval. Hour: WMO's record, Shangdi 1975. Dry air: a cloudburst
 * may begin at 20 %RH; below 10 a garden hose hits the gauge.
 */
const rainSchema = z
  .strictObject({
    maxMmPerMinute: limit(1, 100, MAX_RAIN_MM_PER_MINUTE, 'Above it the value fails, mm in a minute.'),
    maxMmPerHour: limit(10, 1000, 401, 'Above it the value fails, mm in an hour.'),
    dryAirPercent: limit(0, 100, 10, 'Rain below this humidity is suspect, %RH.'),
  })
  .prefault({});

/** Limits of the quality checks: those of the quantities, whose table names their sources, and of what is checked across them. */
export const qualitySchemaOf = (table: QuantityTable) =>
  z
    .strictObject({
      stuckMinutes: wholeNumber(10, 1440)
        .default(60)
        .describe('How long a value may stay unchanged, min. 10 to 1440 (WMO: 60).'),
      ...sectionsOf(table),
      wind: windSchemaOf(table),
      vane: vaneSchema,
      rain: rainSchema,
    })
    .describe('Limits of the quality checks.');

export const qualitySchema = qualitySchemaOf(quantityTable);

export type QualityConfig = z.output<typeof qualitySchema>;
