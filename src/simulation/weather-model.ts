import { saturationHpa } from '../weather/derived.ts';
import { createLayeredNoise, createNoise, hash32, type Noise, seedOf, uniform } from './noise.ts';

const MEAN_HPA = 1014;
const DAY_SECONDS = 86_400;
const YEAR_SECONDS = 365.2425 * DAY_SECONDS;

/** A mild coast of the temperate north. */
const YEARLY_MEAN_C = 11.5;
const YEARLY_SWING_C = 6.5;
const DAILY_SWING_C = 4.5;
/** The warmest day is in the last week of July, the warmest hour about 15:00. */
const WARMEST_DAY = 205;
const WARMEST_HOUR = 15;
const RAIN_COOLING_C = 2.5;

/** At most one shower begins in each slot. */
const SLOT_SECONDS = 4 * 3600;
const SHOWER_PROBABILITY = 0.15;

const PREVAILING_DEGREES = 240;
const TYPICAL_MS = 3.5;
const TYPICAL_GUSTINESS = 0.2;

/** From the anemometer's own inertia up to the gap in the spectrum at some ten minutes. */
const TURBULENCE = [
  { periodSeconds: 3, weight: 0.35 },
  { periodSeconds: 10, weight: 0.5 },
  { periodSeconds: 35, weight: 0.55 },
  { periodSeconds: 120, weight: 0.4 },
  { periodSeconds: 400, weight: 0.3 },
];

/** Passing highs and lows and the air's half-daily tide. Gives hPa at sea level. */
const createSeaLevelPressure = (seed: number): ((elapsedSeconds: number, solarSeconds: number) => number) => {
  const systems = createNoise(seedOf(seed, 'pressure systems'), 2 * DAY_SECONDS);
  const troughs = createNoise(seedOf(seed, 'troughs'), 0.6 * DAY_SECONDS);
  return (elapsedSeconds, solarSeconds) =>
    MEAN_HPA +
    8 * systems(elapsedSeconds) +
    1.5 * troughs(elapsedSeconds) +
    // Highest about 10 and 22 h local time.
    0.4 * Math.cos((4 * Math.PI * (solarSeconds - 10 * 3600)) / DAY_SECONDS);
};

/** The small unrest that gusts bring to a barometer, hPa. */
const createPressureRipple = (seed: number): Noise => {
  const ripple = createNoise(seedOf(seed, 'pressure ripple'), 120);
  return (elapsedSeconds) => 0.05 * ripple(elapsedSeconds);
};

/** The pressure at a station, by the hydrostatic equation for air of one temperature. */
const stationPressureHpa = (
  seaLevelHpa: number,
  { elevationMetres, temperatureC }: { readonly elevationMetres: number; readonly temperatureC: number },
): number => seaLevelHpa * Math.exp((-9.80665 * elevationMetres) / (287.05 * (temperatureC + 273.15)));

type Shower = {
  readonly startSeconds: number;
  readonly durationSeconds: number;
  readonly peakMmPerHour: number;
};

const showerOf = (seed: number, slot: number): Shower | null => {
  const draw = (what: number): number => uniform(hash32(seed, slot), what);
  if (draw(0) >= SHOWER_PROBABILITY) return null;
  return {
    startSeconds: (slot + draw(1)) * SLOT_SECONDS,
    durationSeconds: 600 + 3000 * draw(2),
    // Most showers are slight, a few are heavy.
    peakMmPerHour: 1.5 + 25 * draw(3) ** 3,
  };
};

const intensityIn = (shower: Shower, elapsedSeconds: number): number => {
  const progress = (elapsedSeconds - shower.startSeconds) / shower.durationSeconds;
  return progress <= 0 || progress >= 1 ? 0 : shower.peakMmPerHour * Math.sin(Math.PI * progress) ** 2;
};

/** Showers of 10 minutes to an hour, about 2 mm a day in all. Gives mm/h. */
const createShowers = (seed: number): ((elapsedSeconds: number) => number) => {
  const showerSeed = seedOf(seed, 'rain');
  return (elapsedSeconds) => {
    const slot = Math.floor(elapsedSeconds / SLOT_SECONDS);
    return [slot - 1, slot]
      .map((each) => showerOf(showerSeed, each))
      .reduce((sum, shower) => (shower === null ? sum : sum + intensityIn(shower, elapsedSeconds)), 0);
  };
};

/** How far the air has taken up the rain's character, 0 (dry) to 1. */
const wetnessOf = (rainMmPerHour: number): number => Math.min(1, rainMmPerHour / 4);

type MeanWind = {
  readonly meanWindMs: number;
  /** Degrees true the wind comes from. */
  readonly windDirectionDegrees: number;
  /** Standard deviation of the wind over its mean. */
  readonly gustiness: number;
};

type Wind = { readonly windMs: number; readonly windDirectionDegrees: number };

const normalDegrees = (degrees: number): number => ((degrees % 360) + 360) % 360;

type MeanWindInputs = {
  readonly elapsedSeconds: number;
  readonly solarSeconds: number;
  readonly rainMmPerHour: number;
};

/** The ten-minute wind: weather systems, the afternoon's breeze, the outflow of showers. */
const createMeanWind = (seed: number): ((inputs: MeanWindInputs) => MeanWind) => {
  const strength = createNoise(seedOf(seed, 'wind strength'), 6 * 3600);
  const turning = createNoise(seedOf(seed, 'wind turning'), 86_400);
  const drift = createNoise(seedOf(seed, 'wind drift'), 3 * 3600);

  return ({ elapsedSeconds, solarSeconds, rainMmPerHour }) => {
    const afternoon = Math.cos((2 * Math.PI * (solarSeconds - 14 * 3600)) / 86_400);
    return {
      meanWindMs:
        TYPICAL_MS *
        Math.exp(0.45 * strength(elapsedSeconds)) *
        (1 + 0.25 * afternoon) *
        (1 + 0.4 * wetnessOf(rainMmPerHour)),
      windDirectionDegrees: normalDegrees(
        PREVAILING_DEGREES + 50 * turning(elapsedSeconds) + 20 * drift(elapsedSeconds),
      ),
      gustiness: TYPICAL_GUSTINESS,
    };
  };
};

/** The wind of this moment: the mean wind with its gusts and the swinging of its direction. */
const createTurbulence = (seed: number): ((elapsedSeconds: number, mean: MeanWind) => Wind) => {
  const along = createLayeredNoise(seedOf(seed, 'gusts'), TURBULENCE);
  const across = createLayeredNoise(seedOf(seed, 'swinging'), TURBULENCE);
  return (elapsedSeconds, { meanWindMs, windDirectionDegrees, gustiness }) => ({
    windMs: meanWindMs * Math.max(0, 1 + gustiness * along(elapsedSeconds)),
    // The spread across the wind is about eight tenths of that along it.
    windDirectionDegrees: normalDegrees(
      windDirectionDegrees + (180 / Math.PI) * 0.8 * gustiness * across(elapsedSeconds),
    ),
  });
};

type Air = { readonly temperatureC: number; readonly dewPointC: number };

type AirInputs = {
  readonly elapsedSeconds: number;
  /** Unix time of the local mean sun: it decides the season and the time of day. */
  readonly solarSeconds: number;
  readonly rainMmPerHour: number;
};

const seasonC = (solarSeconds: number): number =>
  YEARLY_MEAN_C +
  YEARLY_SWING_C * Math.cos((2 * Math.PI * (solarSeconds - WARMEST_DAY * DAY_SECONDS)) / YEAR_SECONDS);

/** Between -1 and about 1; the second harmonic makes the night's fall longer than the morning's rise. */
const dayCurve = (solarSeconds: number): number => {
  const angle = (2 * Math.PI * (solarSeconds - WARMEST_HOUR * 3600)) / DAY_SECONDS;
  return (Math.cos(angle) + 0.2 * Math.cos(2 * angle + 0.5)) / 1.17;
};

/** Temperature and dew point: season, day curve, passing air masses and the cooling by rain. */
const createAir = (seed: number): ((inputs: AirInputs) => Air) => {
  const airMass = createNoise(seedOf(seed, 'air mass'), 1.5 * DAY_SECONDS);
  const cloudCover = createNoise(seedOf(seed, 'cloud cover'), 0.7 * DAY_SECONDS);
  const dryness = createNoise(seedOf(seed, 'dryness'), 0.8 * DAY_SECONDS);

  return ({ elapsedSeconds, solarSeconds, rainMmPerHour }) => {
    const wetness = wetnessOf(rainMmPerHour);
    const dailyMeanC = seasonC(solarSeconds) + 2 * airMass(elapsedSeconds);
    const swingC = DAILY_SWING_C * Math.max(0.3, 1 + 0.35 * cloudCover(elapsedSeconds));
    const temperatureC = dailyMeanC + swingC * dayCurve(solarSeconds) - RAIN_COOLING_C * wetness;
    // The water in an air mass hardly changes over a day, so the dew point follows the daily mean.
    const airMassDewPointC = dailyMeanC - Math.max(1.5, 4 + 1.5 * dryness(elapsedSeconds));
    const depressionC = Math.max(0.2, temperatureC - airMassDewPointC) * (1 - 0.8 * wetness);
    return { temperatureC, dewPointC: temperatureC - depressionC };
  };
};

/** The air's small unrest over minutes, which no scenario can still. */
const createAirRipple = (seed: number): ((air: Air, elapsedSeconds: number) => Air) => {
  const warmEddies = createNoise(seedOf(seed, 'warm eddies'), 400);
  const moistEddies = createNoise(seedOf(seed, 'moist eddies'), 600);
  return ({ temperatureC, dewPointC }, elapsedSeconds) => {
    const rippledC = temperatureC + 0.12 * warmEddies(elapsedSeconds);
    return {
      temperatureC: rippledC,
      dewPointC: Math.min(rippledC, dewPointC + 0.1 * moistEddies(elapsedSeconds)),
    };
  };
};

const humidityPercent = ({ temperatureC, dewPointC }: Air): number =>
  100 * (saturationHpa(dewPointC) / saturationHpa(temperatureC));

/** What a scenario may change; everything else follows from it. */
export type Conditions = {
  readonly temperatureC: number;
  readonly dewPointC: number;
  readonly seaLevelPressureHpa: number;
  readonly meanWindMs: number;
  readonly windDirectionDegrees: number;
  readonly gustiness: number;
  readonly rainMmPerHour: number;
};

export type Weather = Conditions & {
  readonly humidityPercent: number;
  /** At the station's height. */
  readonly pressureHpa: number;
  /** The wind of this moment, gusts included. */
  readonly windMs: number;
};

/** Changes the undisturbed conditions of a moment. */
export type WeatherEvents = (conditions: Conditions, elapsedSeconds: number) => Conditions;

type WeatherModelOptions = {
  readonly seed: number;
  /** Unix time of the start by the local mean sun: decides season and time of day. */
  readonly startSolarMs: number;
  readonly elevationMetres?: number;
  readonly weatherEvents?: WeatherEvents;
};

/** Weather as a pure function of the time since the start, in seconds. */
export type WeatherModel = (elapsedSeconds: number) => Weather;

/** The same options give the same weather, whichever moments are asked for and in whatever order. */
export const createWeatherModel = (options: WeatherModelOptions): WeatherModel => {
  const { seed, startSolarMs, elevationMetres = 0, weatherEvents = (conditions) => conditions } = options;
  const rainMmPerHourAt = createShowers(seed);
  const airAt = createAir(seed);
  const rippleAir = createAirRipple(seed);
  const seaLevelPressureHpaAt = createSeaLevelPressure(seed);
  const pressureRippleHpaAt = createPressureRipple(seed);
  const meanWindAt = createMeanWind(seed);
  const windAt = createTurbulence(seed);

  return (elapsedSeconds) => {
    const solarSeconds = startSolarMs / 1000 + elapsedSeconds;
    const rainMmPerHour = rainMmPerHourAt(elapsedSeconds);
    const inputs = { elapsedSeconds, solarSeconds, rainMmPerHour };
    const conditions = weatherEvents(
      {
        ...airAt(inputs),
        ...meanWindAt(inputs),
        seaLevelPressureHpa: seaLevelPressureHpaAt(elapsedSeconds, solarSeconds),
        rainMmPerHour,
      },
      elapsedSeconds,
    );
    const air = rippleAir(conditions, elapsedSeconds);
    const place = { elevationMetres, temperatureC: air.temperatureC };
    const seaLevelPressureHpa = conditions.seaLevelPressureHpa + pressureRippleHpaAt(elapsedSeconds);
    return {
      ...conditions,
      ...air,
      humidityPercent: humidityPercent(air),
      seaLevelPressureHpa,
      pressureHpa: stationPressureHpa(seaLevelPressureHpa, place),
      ...windAt(elapsedSeconds, conditions),
    };
  };
};
