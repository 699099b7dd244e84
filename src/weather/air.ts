/** Magnus' formula over water, WMO-No. 8 annex 4.B. */
const MAGNUS = { hPa: 6.112, a: 17.62, bCelsius: 243.12, minCelsius: -45, maxCelsius: 60 };
const GRAVITY = 9.80665;
const GAS_CONSTANT = 287.05;
const KELVIN = 273.15;
/** Higher up the reduction to sea level is arbitrary (DWD reduces up to 750 m). */
const MAX_ELEVATION_METRES = 750;

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

export type StationAir = {
  readonly pressureHpa: number | null;
  readonly temperatureC: number | null;
  readonly humidityPercent: number | null;
  /** Height of the barometer. */
  readonly elevationMetres: number | undefined;
};

/** Pressure at sea level, hPa (DWD, VuB 2); `null` when the station's height is not known or above 750 m. */
export const seaLevelPressure = (air: StationAir): number | null => {
  const { pressureHpa, temperatureC, humidityPercent, elevationMetres } = air;
  if (elevationMetres === undefined || elevationMetres > MAX_ELEVATION_METRES) return null;
  if (pressureHpa === null || temperatureC === null || humidityPercent === null) return null;
  const meanKelvin =
    temperatureC + KELVIN + 0.12 * vapourHpa(temperatureC, humidityPercent) + 0.00325 * elevationMetres;
  return pressureHpa * Math.exp((GRAVITY * elevationMetres) / (GAS_CONSTANT * meanKelvin));
};

/** Rothfusz' regression begins at 80 °F; the NWS adjusts it up to 112 °F, beyond which it is extrapolation. */
const HEAT_INDEX_FAHRENHEIT = { min: 80, max: 112 };

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
  if (temperatureC === null || windKmh === null || temperatureC > 10 || windKmh <= 4.8) return null;
  const v = windKmh ** 0.16;
  return 13.12 + 0.6215 * temperatureC - 11.37 * v + 0.3965 * temperatureC * v;
};
