import { z } from 'zod';
import { decimalNumber, wholeNumber } from './fields.ts';

const limit = ([min, max]: readonly [min: number, max: number], value: number, what: string) =>
  decimalNumber(min, max).default(value).describe(`${what} ${min} to ${max}.`);

/** Hard range: BME280 data sheet (-40 °C) and WMO's plausible range for AWS (60 °C). Steps: WMO. Hour: MADIS. Stuck: WMO. */
const temperatureSchema = z
  .strictObject({
    minCelsius: limit([-90, 0], -40, 'Below it the value fails, °C.'),
    maxCelsius: limit([20, 85], 60, 'Above it the value fails, °C.'),
    stepCelsius: limit([0.1, 50], 3, 'A larger change within a minute is suspect, °C.'),
    stepFailsCelsius: limit([0.1, 100], 10, 'A larger change within a minute fails, °C.'),
    hourlyChangeCelsius: limit([0.1, 100], 19.4, 'A larger change within an hour is suspect, °C.'),
    stuckCelsius: limit([0, 5], 0.1, 'A smaller change over the stuck time is suspect, °C.'),
  })
  .prefault({});

/**
 * Hard range: ZAMG rejects from 104 %RH on. Steps: WMO. Hour: MADIS. Stuck: WMO exempts fog and says 1 %RH; the BME280
 * shows its noise of 0.07 (data sheet) where dry air truly stands still by that measure, so 0.1 is enough here.
 */
const humiditySchema = z
  .strictObject({
    minPercent: limit([0, 50], 0, 'Below it the value fails, %RH.'),
    maxPercent: limit([90, 110], 104, 'Above it the value fails, %RH; above 100 it is suspect.'),
    stepPercent: limit([0.1, 100], 10, 'A larger change within a minute is suspect, %RH.'),
    stepFailsPercent: limit([0.1, 100], 15, 'A larger change within a minute fails, %RH.'),
    hourlyChangePercent: limit([0.1, 100], 50, 'A larger change within an hour is suspect, %RH.'),
    stuckPercent: limit([0, 20], 0.1, 'A smaller change over the stuck time is suspect, %RH.'),
    stuckUpToPercent: limit([0, 100], 95, 'Above it the air may well stand still, %RH.'),
  })
  .prefault({});

/** Hard range, steps and stuck: WMO. Hour: MADIS. */
const pressureSchema = z
  .strictObject({
    minHpa: limit([300, 900], 500, 'Below it the value fails, hPa at the station.'),
    maxHpa: limit([900, 1200], 1100, 'Above it the value fails, hPa at the station.'),
    stepHpa: limit([0.1, 50], 0.5, 'A larger change within a minute is suspect, hPa.'),
    stepFailsHpa: limit([0.1, 100], 2, 'A larger change within a minute fails, hPa.'),
    hourlyChangeHpa: limit([0.1, 100], 10, 'A larger change within an hour is suspect, hPa.'),
    stuckHpa: limit([0, 5], 0.1, 'A smaller change over the stuck time is suspect, hPa.'),
  })
  .prefault({});

/**
 * Hard range: the cup anemometer's (Libelium: 0 to 240 km/h; WMO: 75 m/s = 270). Step: WMO's 10 m/s; its 20 m/s, from
 * which on a value is wrong, are left out, since a downburst may do that to a mean of seconds. Gust: MesoWest's 75 kt
 * above the mean. Stuck: WMO's 0.5 m/s doubted weak steady wind; pulses that come from the mains are steadier than that.
 */
const windSchema = z
  .strictObject({
    maxKmh: limit([50, 500], 240, 'Above it mean and gust fail, km/h.'),
    stepKmh: limit([1, 500], 36, 'A larger change of the mean within a minute is suspect, km/h.'),
    gustAboveMeanKmh: limit([10, 500], 139, 'A gust that exceeds the mean by more is suspect, km/h.'),
    stuckKmh: limit([0, 20], 0.5, 'A smaller change of the mean over the stuck time is suspect, km/h.'),
    calmKmh: limit(
      [0, 10],
      1.8,
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
    frozenDegrees: limit([1, 90], 3, 'A smaller change over the stuck time is suspect, degrees ...'),
    frozenFromKmh: limit([1, 100], 18, '... counting only while the wind is stronger than this, km/h.'),
    stillMinutes: wholeNumber(1, 1440)
      .default(10)
      .describe(
        'Over this time a turning vane shows that a still anemometer is stuck, min. 1 to 1440. For as many turns as wanted, readings must come as often.',
      ),
    stillMoves: wholeNumber(2, 100)
      .default(5)
      .describe('So often must it have turned by more than a position. 2 to 100.'),
  })
  .prefault({});

/** WMO: at most 40 mm in a minute, whatever the readings' interval. Dry air: rain evaporates on its way, or somebody waters the garden. */
const rainSchema = z
  .strictObject({
    maxMmPerMinute: limit([1, 100], 40, 'Above it the value fails, mm in a minute.'),
    dryAirPercent: limit([0, 100], 40, 'Rain below this humidity is suspect, %RH.'),
  })
  .prefault({});

/**
 * Limits of the quality checks. WMO: Guidelines on Quality Control Procedures for Data from Automatic Weather Stations
 * (Zahumenský 2004, CBS/OPAG-IOS; as quoted by others who implemented them) and WMO-No. 8. ZAMG: CBS/OPAG-IOS (ET AWS-1)/Doc. 9(2), 2002. MADIS: surface
 * observations, temporal consistency check.
 */
export const qualitySchema = z
  .strictObject({
    stuckMinutes: wholeNumber(10, 1440)
      .default(60)
      .describe('How long a value may stand still, min. 10 to 1440 (WMO: 60).'),
    temperature: temperatureSchema,
    humidity: humiditySchema,
    pressure: pressureSchema,
    wind: windSchema,
    vane: vaneSchema,
    rain: rainSchema,
  })
  .describe('Limits of the quality checks.');

export type QualityConfig = z.output<typeof qualitySchema>;
