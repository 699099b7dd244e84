import { dewPoint, heatIndex, seaLevelPressure, windChill } from './air.ts';
import { goodValue } from './good-value.ts';
import type { QuantityRecord } from './quantities.ts';
import { rainIntensity, rainOfLastHour } from './rain.ts';
import type { Measurement } from './reading.ts';
import { RecentReadings } from './recent-readings.ts';
import { CALM_KMH, meanWind, WIND_MEAN_MS } from './wind.ts';

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

export type DerivationOptions = {
  /** Between two readings. */
  readonly intervalMs: number;
  /** Height of the barometer above sea level. */
  readonly elevationMetres?: number | undefined;
  /** Below it the wind is calm and has no direction. */
  readonly calmKmh?: number;
};

const HOUR_MS = 3_600_000;
const TENDENCY_MS = 3 * HOUR_MS;
const TENDENCY_TOLERANCE_MS = 300_000;

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
  const newest = recent.newest();
  const now = (quantity: 'temperature' | 'humidity' | 'pressure'): number | null =>
    newest ? goodValue(newest, quantity) : null;
  const temperatureC = now('temperature');
  const humidityPercent = now('humidity');
  const pressureHpa = now('pressure');
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
  let highestKmh: number | null = null;
  recent.forEachWithin(WIND_MEAN_MS, (measurement) => {
    const gustKmh = goodValue(measurement, 'windgust');
    if (gustKmh !== null && (highestKmh === null || gustKmh > highestKmh)) highestKmh = gustKmh;
  });
  return highestKmh;
};

/** Change since the reading nearest to three hours ago (WMO-No. 8: the tendency of three hours). */
const pressureTendency = (
  recent: RecentReadings,
  pressureHpa: number | null,
  toleranceMs: number,
): number | null => {
  if (pressureHpa === null) return null;
  const hasPressure = (measurement: Measurement): boolean => goodValue(measurement, 'pressure') !== null;
  const earlier = recent.nearest(TENDENCY_MS, toleranceMs, hasPressure);
  const earlierHpa = earlier ? goodValue(earlier, 'pressure') : null;
  return earlierHpa === null ? null : pressureHpa - earlierHpa;
};
