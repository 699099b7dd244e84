import { gaussian, seedOf, uniform } from '../../src/simulation/noise.ts';
import {
  createWeatherModel,
  type WeatherEvents,
  type WeatherModel,
} from '../../src/simulation/weather-model.ts';
import type { RawMeasurement } from '../../src/weather/reading.ts';

const KMH_PER_MS = 3.6;
const MM_PER_TIP = 0.2794;
/** Of the wind in an interval. */
const SAMPLES = 4;

export type SimulatedReadings = {
  readonly seed: number;
  /** Unix time of the start by the local mean sun. */
  readonly startMs: number;
  readonly seconds: number;
  readonly intervalSeconds: number;
  readonly weatherEvents?: WeatherEvents;
};

/** What the instruments of a sound station read in such weather, their noise included (BME280 data sheet). */
export const simulatedReadings = function* (options: SimulatedReadings): Generator<RawMeasurement> {
  const { seed, startMs, seconds, intervalSeconds, weatherEvents } = options;
  const weatherAt = createWeatherModel({
    seed,
    startSolarMs: startMs,
    ...(weatherEvents ? { weatherEvents } : {}),
  });
  const noiseSeed = seedOf(seed, 'instruments');
  let rainMm = 0;
  for (let end = intervalSeconds; end <= seconds; end += intervalSeconds) {
    const { temperatureC, humidityPercent, pressureHpa, rainMmPerHour } = weatherAt(end);
    rainMm += (rainMmPerHour * intervalSeconds) / 3600;
    const tips = Math.floor(rainMm / MM_PER_TIP);
    rainMm -= tips * MM_PER_TIP;
    yield {
      at: { bootId: 'simulated', monotonicMs: end * 1000, wallMs: startMs + end * 1000, synchronized: true },
      values: {
        temperature: temperatureC + 0.005 * gaussian(noiseSeed, 3 * end),
        humidity: Math.min(100, humidityPercent + 0.07 * gaussian(noiseSeed, 3 * end + 1)),
        pressure: pressureHpa + 0.033 * gaussian(noiseSeed, 3 * end + 2),
        rainheight: tips * MM_PER_TIP,
        ...windOf(weatherAt, { end, intervalSeconds, noiseSeed }),
      },
      faults: {},
    };
  }
};

type Interval = { readonly end: number; readonly intervalSeconds: number; readonly noiseSeed: number };

/** Mean, gust and vector direction of the samples, the vane in its 16 positions. */
const windOf = (weatherAt: WeatherModel, { end, intervalSeconds, noiseSeed }: Interval) => {
  const samples = Array.from({ length: SAMPLES }, (_, index) =>
    weatherAt(end - (intervalSeconds * index) / SAMPLES),
  );
  const speedsKmh = samples.map(({ windMs }) => windMs * KMH_PER_MS);
  const radians = samples.map(({ windDirectionDegrees }, index) => {
    const dither = uniform(noiseSeed, end + index) - 0.5;
    return (Math.round(windDirectionDegrees / 22.5 + dither / 10) * 22.5 * Math.PI) / 180;
  });
  const degrees =
    (Math.atan2(
      radians.reduce((sum, angle) => sum + Math.sin(angle), 0),
      radians.reduce((sum, angle) => sum + Math.cos(angle), 0),
    ) *
      180) /
    Math.PI;
  return {
    windintensity: speedsKmh.reduce((sum, speed) => sum + speed, 0) / speedsKmh.length,
    windgust: Math.max(...speedsKmh),
    winddirection: (degrees + 360) % 360,
  };
};

const DAY_SECONDS = 86_400;
/** The first of July, six in the morning by the sun. */
const SUMMER_MS = Date.UTC(2026, 6, 1, 6);
/** The first of February. */
const WINTER_MS = Date.UTC(2026, 1, 1);

/** A day in a heat wave: hot air, and a sun that heats it more than usual. `excessC` at three in the afternoon. */
export const hotDay = (seed: number, excessC: number): SimulatedReadings => ({
  seed,
  startMs: SUMMER_MS,
  seconds: 12 * 3600,
  intervalSeconds: 24,
  weatherEvents: (conditions, elapsedSeconds) => {
    const sun = (1 + Math.cos((2 * Math.PI * (elapsedSeconds - 9 * 3600)) / DAY_SECONDS)) / 2;
    return { ...conditions, temperatureC: conditions.temperatureC + excessC * (0.55 + 0.45 * sun) };
  },
});

const STORM_BEGINS_SECONDS = 4 * 3600;

/** A day with a winter storm: the pressure falls for `hours`, the wind rises and is strongest at the lowest pressure. */
export const stormyDay = (
  seed: number,
  { fallHpa, hours, peakMs }: { readonly fallHpa: number; readonly hours: number; readonly peakMs: number },
): SimulatedReadings => ({
  seed,
  startMs: WINTER_MS,
  seconds: 14 * 3600,
  intervalSeconds: 24,
  weatherEvents: (conditions, elapsedSeconds) => {
    const progress = (elapsedSeconds - STORM_BEGINS_SECONDS) / (hours * 3600);
    if (progress <= 0 || progress >= 2) return conditions;
    const strength = (1 - Math.cos(Math.PI * progress)) / 2;
    return {
      ...conditions,
      seaLevelPressureHpa: conditions.seaLevelPressureHpa - fallHpa * strength,
      meanWindMs: conditions.meanWindMs + (peakMs - conditions.meanWindMs) * strength ** 2,
      gustiness: 0.2,
    };
  },
});

/** The fifteenth of January, six in the evening. */
const COLD_EVENING_MS = Date.UTC(2026, 0, 15, 18);

/** A clear winter night, from the evening to ten in the morning. `deficitC` colder than usual at seven. */
export const coldNight = (seed: number, deficitC: number): SimulatedReadings => ({
  seed,
  startMs: COLD_EVENING_MS,
  seconds: 16 * 3600,
  intervalSeconds: 24,
  weatherEvents: (conditions, elapsedSeconds) => {
    const night = (1 + Math.cos((2 * Math.PI * (elapsedSeconds - 13 * 3600)) / DAY_SECONDS)) / 2;
    const temperatureC = conditions.temperatureC - deficitC * night;
    return { ...conditions, temperatureC, dewPointC: Math.min(conditions.dewPointC, temperatureC - 0.2) };
  },
});

const CLOUDBURST_BEGINS_SECONDS = 2 * 3600;

/** A summer afternoon with one cloudburst that swells and fades over `minutes`. */
export const cloudburst = (
  seed: number,
  { peakMmPerHour, minutes }: { readonly peakMmPerHour: number; readonly minutes: number },
): SimulatedReadings => ({
  seed,
  startMs: Date.UTC(2026, 6, 1, 14),
  seconds: 6 * 3600,
  intervalSeconds: 24,
  weatherEvents: (conditions, elapsedSeconds) => {
    const progress = (elapsedSeconds - CLOUDBURST_BEGINS_SECONDS) / (minutes * 60);
    if (progress <= 0 || progress >= 1) return conditions;
    const rainMmPerHour = conditions.rainMmPerHour + peakMmPerHour * Math.sin(Math.PI * progress) ** 2;
    return { ...conditions, rainMmPerHour, dewPointC: conditions.temperatureC - 0.5 };
  },
});

/** Weather as the model has it from the first of January on, a reading each two minutes. */
export const quietDays = (seed: number, days: number): SimulatedReadings => ({
  seed,
  startMs: Date.UTC(2026, 0, 1),
  seconds: days * DAY_SECONDS,
  intervalSeconds: 120,
});
