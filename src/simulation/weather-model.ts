import { createPressureRipple, createSeaLevelPressure, stationPressureHpa } from './pressure.ts';
import { createShowers } from './rain.ts';
import { createAir, createAirRipple, humidityPercent } from './temperature.ts';
import { createMeanWind, createTurbulence } from './wind.ts';

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

export type WeatherModelOptions = {
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
