import type { QuantityRecord } from './quantities.ts';
import type { Measurement } from './reading.ts';
import { RecentReadings } from './recent-readings.ts';

/** Magnus' formula over water, WMO-No. 8 annex 4.B. */
const MAGNUS = { hPa: 6.112, a: 17.62, bCelsius: 243.12, minCelsius: -45, maxCelsius: 60 };
const GRAVITY = 9.80665;
const GAS_CONSTANT = 287.05;
const KELVIN = 273.15;
/** Higher up the reduction to sea level is arbitrary (DWD reduces up to 750 m). */
export const MAX_ELEVATION_METRES = 750;

/** Why there is no sea-level pressure at this height; `null` where there is one, or none is asked for. */
export const whyNoSeaLevelPressure = (elevationMetres: number | undefined): string | null =>
  elevationMetres === undefined || elevationMetres <= MAX_ELEVATION_METRES
    ? null
    : `sea-level pressure is not computed above ${MAX_ELEVATION_METRES} m and stays null: it would say more of the air ` +
      'that is assumed below the station than of the pressure that is measured';

/** Rothfusz' regression begins at 80 °F; the NWS adjusts it up to 112 °F, beyond which it is extrapolation. */
const HEAT_INDEX_FAHRENHEIT = { min: 80, max: 112 };
export const HEAT_INDEX_MIN_C = (HEAT_INDEX_FAHRENHEIT.min - 32) / 1.8;
/** In warmer air wind chill is not defined, and it is never above the temperature. */
export const WIND_CHILL_MAX_C = 10;

const HOUR_MS = 3_600_000;

/** No tip for so long is no rain, and the first tip after a dry time is spread over as much. */
const DRY_AFTER_MS = 900_000;
/** WMO-No. 8: intensity is that of a minute at least. */
const MIN_SPAN_MS = 60_000;
/** Two tips a minute apart may be drizzle that was nearly enough for the first: 17 mm/h where 1 fell. */
const ENOUGH_TIPS = 4;
const ENOUGH_SPAN_MS = 300_000;
const ROUNDING = 1e-6;

/** WMO-No. 8, wind: averaged over ten minutes. */
const WIND_MEAN_MS = 600_000;
/** WMO-No. 8, AWS: a mean needs two thirds of its samples. */
const MIN_COVERED = 2 / 3;
/** WMO-No. 8, wind: below 0.5 m/s it is calm and has no direction. The configuration may set another threshold. */
export const CALM_KMH = 1.8;
/** Winds that cancel each other out have no direction: a resultant below this, km/h, is rounding. */
const SHORTEST_RESULTANT_KMH = 0.01;
const RADIANS_PER_DEGREE = Math.PI / 180;

const TENDENCY_MS = 3 * HOUR_MS;
const TENDENCY_TOLERANCE_MS = 300_000;

/** Saturation vapour pressure over water, hPa. */
export const saturationHpa = (temperatureC: number): number =>
  MAGNUS.hPa * Math.exp((MAGNUS.a * temperatureC) / (MAGNUS.bCelsius + temperatureC));

const vapourHpa = (temperatureC: number, humidityPercent: number): number =>
  (humidityPercent / 100) * saturationHpa(temperatureC);

/** Dew point, °C; `null` outside -45 to 60 °C, where the formula holds, and in air without water. */
export const dewPoint = (temperatureC: number | null, humidityPercent: number | null): number | null => {
  if (temperatureC === null || humidityPercent === null || humidityPercent <= 0) return null;
  if (temperatureC < MAGNUS.minCelsius || temperatureC > MAGNUS.maxCelsius) return null;
  const logarithm = Math.log(vapourHpa(temperatureC, humidityPercent) / MAGNUS.hPa);
  return (MAGNUS.bCelsius * logarithm) / (MAGNUS.a - logarithm);
};

type StationAir = {
  readonly pressureHpa: number | null;
  readonly temperatureC: number | null;
  readonly humidityPercent: number | null;
  /** Height of the barometer. */
  readonly elevationMetres: number | undefined;
};

/**
 * Pressure at sea level, hPa (DWD, VuB 2); `null` when the station's height is not known or above 750 m. Without
 * humidity the air counts as dry, which gives too much: with 20 hPa of vapour 0.1 hPa at 100 m and 0.8 hPa at 750 m.
 */
export const seaLevelPressure = (air: StationAir): number | null => {
  const { pressureHpa, temperatureC, humidityPercent, elevationMetres } = air;
  if (elevationMetres === undefined || elevationMetres > MAX_ELEVATION_METRES) return null;
  if (pressureHpa === null || temperatureC === null) return null;
  const moisture = 0.12 * vapourHpa(temperatureC, humidityPercent ?? 0);
  const meanKelvin = temperatureC + KELVIN + moisture + 0.00325 * elevationMetres;
  return pressureHpa * Math.exp((GRAVITY * elevationMetres) / (GAS_CONSTANT * meanKelvin));
};

/**
 * Heat index, °C, as the US National Weather Service computes it (wpc.ncep.noaa.gov, "The Heat Index Equation").
 * `null` below 26.7 °C, above 44.4 °C, and where it comes out below 26.7 °C: the regression does not hold there.
 */
export const heatIndex = (temperatureC: number | null, humidityPercent: number | null): number | null => {
  if (temperatureC === null || humidityPercent === null) return null;
  const t = temperatureC * 1.8 + 32;
  if (t < HEAT_INDEX_FAHRENHEIT.min || t > HEAT_INDEX_FAHRENHEIT.max) return null;
  const simple = 0.5 * (t + 61 + (t - 68) * 1.2 + humidityPercent * 0.094);
  if ((simple + t) / 2 < HEAT_INDEX_FAHRENHEIT.min) return null;
  return (rothfusz(t, humidityPercent) - 32) / 1.8;
};

const rothfusz = (t: number, rh: number): number => {
  const index =
    -42.379 +
    2.04901523 * t +
    10.14333127 * rh -
    0.22475541 * t * rh -
    0.00683783 * t * t -
    0.05481717 * rh * rh +
    0.00122874 * t * t * rh +
    0.00085282 * t * rh * rh -
    0.00000199 * t * t * rh * rh;
  if (rh < 13) return index - ((13 - rh) / 4) * Math.sqrt((17 - Math.abs(t - 95)) / 17);
  if (rh > 85 && t < 87) return index + ((rh - 85) / 10) * ((87 - t) / 5);
  return index;
};

/** Wind chill, °C (Environment Canada and NWS, 2001); `null` above 10 °C and up to 4.8 km/h, where it is not defined. */
export const windChill = (temperatureC: number | null, windKmh: number | null): number | null => {
  if (temperatureC === null || windKmh === null || temperatureC > WIND_CHILL_MAX_C || windKmh <= 4.8)
    return null;
  const v = windKmh ** 0.16;
  return 13.12 + 0.6215 * temperatureC - 11.37 * v + 0.3965 * temperatureC * v;
};

type Tips = { readonly rainMm: number; readonly agoMs: number };

/**
 * Rain intensity, mm/h, from the time between tips (Stagnaro et al. 2016): what has fallen since the last tip that was
 * at least a minute and four tips, or five minutes, before the newest, over that time. While no tip comes it falls to what a tip now would mean, and
 * after 15 minutes to 0. `null` when the gauge is out of order.
 */
const rainIntensity = (recent: RecentReadings, intervalMs: number): number | null => {
  if (recent.newest('rainheight') === null) return null;
  // Within one reading nobody knows when it rained.
  const longestMs = Math.max(DRY_AFTER_MS, intervalMs);
  const tips = lastTips(recent, longestMs);
  const last = tips.at(-1);
  if (!last) return 0;
  const rainMmPerHour = intensityAtLastTip(tips, last, longestMs);
  return last.agoMs === 0 ? rainMmPerHour : Math.min(rainMmPerHour, (last.rainMm * HOUR_MS) / last.agoMs);
};

/** Tips of the time that counts, the oldest first; none if the last one is too long ago. */
const lastTips = (recent: RecentReadings, longestMs: number): readonly Tips[] => {
  const rain = recent.column('rainheight');
  const tips: Tips[] = [];
  let sinceTipMs = 0;
  for (let index = recent.end - 1; index >= recent.start && sinceTipMs < longestMs; index -= 1) {
    const agoMs = recent.agoMs(index);
    const last = tips.at(-1);
    sinceTipMs = last === undefined ? agoMs : agoMs - last.agoMs;
    const rainMm = rain[index] as number;
    if (rainMm > 0 && !(last === undefined && agoMs >= longestMs)) tips.push({ rainMm, agoMs });
  }
  return tips.reverse();
};

/** What fell since a tip at least a minute before the last one, so long ago that enough tips came since. */
const intensityAtLastTip = (tips: readonly Tips[], last: Tips, longestMs: number): number => {
  const tipMm = Math.min(...tips.map(({ rainMm }) => rainMm));
  let rainMm = 0;
  for (const tip of tips.toReversed()) {
    const sinceMs = tip.agoMs - last.agoMs;
    if (sinceMs >= longestMs) break;
    const isEnough = rainMm >= ENOUGH_TIPS * tipMm * (1 - ROUNDING) || sinceMs >= ENOUGH_SPAN_MS;
    if (sinceMs >= MIN_SPAN_MS && isEnough) return (rainMm * HOUR_MS) / sinceMs;
    rainMm += tip.rainMm;
  }
  const [first] = tips;
  const isBurst = first !== undefined && first.agoMs - last.agoMs < MIN_SPAN_MS && tips.length >= ENOUGH_TIPS;
  return isBurst ? ((rainMm - first.rainMm) * HOUR_MS) / MIN_SPAN_MS : (rainMm * HOUR_MS) / longestMs;
};

/** What the gauge measured in the last hour, mm; `null` when it measured nothing at all, not even 0. */
const rainOfLastHour = (recent: RecentReadings): number | null => {
  const rain = recent.column('rainheight');
  let sumMm: number | null = null;
  for (let index = recent.firstWithin(HOUR_MS); index < recent.end; index += 1) {
    const mm = rain[index] as number;
    if (!Number.isNaN(mm)) sumMm = (sumMm ?? 0) + mm;
  }
  return sumMm;
};

type MeanWind = { readonly meanKmh: number | null; readonly directionDegrees: number | null };

/**
 * Scalar mean of the speed and direction of the mean vector over the last ten minutes. Each reading stands for the
 * time since the one before, an interval at most: nothing is known of a gap. `null` below two thirds of known time.
 */
const meanWind = (recent: RecentReadings, intervalMs: number, calmKmh: number): MeanWind => {
  const speeds = recent.column('windintensity');
  const directions = recent.column('winddirection');
  let speedMs = 0;
  let speedSum = 0;
  let directionMs = 0;
  let east = 0;
  let north = 0;
  let previousAgoMs = Number.POSITIVE_INFINITY;
  for (let index = recent.firstWithin(WIND_MEAN_MS); index < recent.end; index += 1) {
    const agoMs = recent.agoMs(index);
    const sinceMs = previousAgoMs - agoMs;
    previousAgoMs = agoMs;
    const speedKmh = speeds[index] as number;
    if (Number.isNaN(speedKmh)) continue;
    const weightMs = Math.min(sinceMs, intervalMs, WIND_MEAN_MS - agoMs);
    speedMs += weightMs;
    speedSum += weightMs * speedKmh;
    const degrees = directions[index] as number;
    const hasDirection = !Number.isNaN(degrees);
    // A calm has no direction and no weight in the mean vector either.
    if (hasDirection || speedKmh < calmKmh) directionMs += weightMs;
    if (!hasDirection) continue;
    east += weightMs * speedKmh * Math.sin(degrees * RADIANS_PER_DEGREE);
    north += weightMs * speedKmh * Math.cos(degrees * RADIANS_PER_DEGREE);
  }
  const isKnown = (knownMs: number): boolean => knownMs >= MIN_COVERED * WIND_MEAN_MS;
  const meanKmh = isKnown(speedMs) ? speedSum / speedMs : null;
  const hasDirection = meanKmh !== null && meanKmh >= calmKmh && isKnown(directionMs);
  return { meanKmh, directionDegrees: hasDirection ? directionOf(east, north, directionMs) : null };
};

const directionOf = (east: number, north: number, overMs: number): number | null => {
  if (Math.hypot(east, north) < SHORTEST_RESULTANT_KMH * overMs) return null;
  const degrees = Math.atan2(east, north) / RADIANS_PER_DEGREE;
  // A tiny negative angle plus 360 rounds to 360 itself.
  return degrees >= 0 ? degrees : (degrees + 360) % 360;
};

/** What is derived from the latest readings, and how it is shown to people. */
export const derivedTable = {
  /** Scalar mean of the last 10 minutes. */
  windmean: { name: '10-minute wind', unit: 'km/h', shownDecimals: 0 },
  /** Degrees true, of the mean vector of the last 10 minutes. */
  windmeandirection: { name: '10-minute wind direction', unit: '°', shownDecimals: 0 },
  /** Highest 3 s mean of the last 10 minutes. */
  windmaxgust: { name: '10-minute gust', unit: 'km/h', shownDecimals: 0 },
  /** From the time between tips. */
  rainintensity: { name: 'Rain intensity', unit: 'mm/h', shownDecimals: 1 },
  /** Of the last 60 minutes. */
  rainhour: { name: 'Rain of the last hour', unit: 'mm', shownDecimals: 1 },
  dewpoint: { name: 'Dew point', unit: '°C', shownDecimals: 1 },
  sealevelpressure: { name: 'Sea-level pressure', unit: 'hPa', shownDecimals: 1 },
  /** Change over the last 3 hours. */
  pressuretendency: { name: '3-hour pressure tendency', unit: 'hPa', shownDecimals: 1 },
  heatindex: { name: 'Heat index', unit: '°C', shownDecimals: 1 },
  /** Of the 10-minute wind. */
  windchill: { name: 'Wind chill', unit: '°C', shownDecimals: 1 },
} as const satisfies Readonly<Record<string, Pick<QuantityRecord, 'name' | 'unit' | 'shownDecimals'>>>;

export type DerivedQuantity = keyof typeof derivedTable;

export const isDerived = (quantity: string): quantity is DerivedQuantity =>
  Object.hasOwn(derivedTable, quantity);

export const derivedQuantities = Object.keys(derivedTable).filter(isDerived);

/** `null` is "not known", or "not defined in this weather". Only good values go in. */
export type Derived = Readonly<Record<DerivedQuantity, number | null>>;

type DerivationOptions = {
  /** Between two readings. */
  readonly intervalMs: number;
  /** Height of the barometer above sea level. */
  readonly elevationMetres?: number | undefined;
  /** Below it the wind is calm and has no direction. */
  readonly calmKmh?: number | undefined;
};

/** How far back `deriveFrom` looks. */
export const RECENT_SPAN_MS = TENDENCY_MS + 2 * TENDENCY_TOLERANCE_MS;

/** How far back `derive` looks at this interval. */
export const recentSpanMs = (intervalMs: number): number =>
  Math.max(RECENT_SPAN_MS, TENDENCY_MS + 2 * intervalMs);

/** What follows from the latest measurements, oldest first; the last one is now. */
export const deriveFrom = (recent: readonly Measurement[], options: DerivationOptions): Derived =>
  derive(new RecentReadings(recentSpanMs(options.intervalMs), recent), options);

/** What follows from the latest measurements. */
export const derive = (
  recent: RecentReadings,
  { intervalMs, elevationMetres, calmKmh = CALM_KMH }: DerivationOptions,
): Derived => {
  const temperatureC = recent.newest('temperature');
  const humidityPercent = recent.newest('humidity');
  const pressureHpa = recent.newest('pressure');
  const wind = meanWind(recent, intervalMs, calmKmh);
  return {
    windmean: wind.meanKmh,
    windmeandirection: wind.directionDegrees,
    windmaxgust: highestGust(recent),
    rainintensity: rainIntensity(recent, intervalMs),
    rainhour: rainOfLastHour(recent),
    dewpoint: dewPoint(temperatureC, humidityPercent),
    sealevelpressure: seaLevelPressure({ pressureHpa, temperatureC, humidityPercent, elevationMetres }),
    pressuretendency: pressureTendency(recent, pressureHpa, Math.max(TENDENCY_TOLERANCE_MS, intervalMs)),
    heatindex: heatIndex(temperatureC, humidityPercent),
    windchill: windChill(temperatureC, wind.meanKmh),
  };
};

const highestGust = (recent: RecentReadings): number | null => {
  const gusts = recent.column('windgust');
  let highestKmh: number | null = null;
  for (let index = recent.firstWithin(WIND_MEAN_MS); index < recent.end; index += 1) {
    const gustKmh = gusts[index] as number;
    if (!Number.isNaN(gustKmh) && (highestKmh === null || gustKmh > highestKmh)) highestKmh = gustKmh;
  }
  return highestKmh;
};

/** Change since the reading nearest to three hours ago (WMO-No. 8: the tendency of three hours). */
const pressureTendency = (
  recent: RecentReadings,
  pressureHpa: number | null,
  toleranceMs: number,
): number | null => {
  if (pressureHpa === null) return null;
  const earlierHpa = recent.nearest('pressure', TENDENCY_MS, toleranceMs);
  return earlierHpa === null ? null : pressureHpa - earlierHpa;
};

/** Directions that cancel out have no mean: a resultant shorter than this is rounding. */
const SHORTEST_RESULTANT = 1e-6;

/**
 * Direction of the mean of unit vectors, degrees, 0 to below 360 (WMO-No. 8 vol. I ch. 5: the mean of directions is
 * a vector's, 350° and 10° make 0°). `null` when there is none.
 */
export const meanDirectionDegrees = (directionsDegrees: readonly number[]): number | null => {
  let east = 0;
  let north = 0;
  for (const degrees of directionsDegrees) {
    east += Math.sin(degrees * RADIANS_PER_DEGREE);
    north += Math.cos(degrees * RADIANS_PER_DEGREE);
  }
  if (Math.hypot(east, north) <= SHORTEST_RESULTANT * directionsDegrees.length) return null;
  const degrees = Math.atan2(east, north) / RADIANS_PER_DEGREE;
  // A tiny negative angle plus 360 rounds to 360 itself.
  return degrees >= 0 ? degrees : (degrees + 360) % 360;
};
