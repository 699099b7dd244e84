import { gauge, type MetricDefinition, scaled } from './metric-definition.ts';

const METRES_PER_SECOND_PER_KMH = 1 / 3.6;
const PASCALS_PER_HPA = 100;
const METRES_PER_MM = 0.001;

/** The newest reading in the units of the Prometheus convention. */
export const weatherMetrics: readonly MetricDefinition[] = [
  gauge(
    'weather_temperature_celsius',
    'Air temperature of the newest reading.',
    ({ latest }) => latest?.temperature ?? null,
  ),
  gauge('weather_humidity_ratio', 'Relative humidity of the newest reading, 0 to 1.', ({ latest }) =>
    scaled(latest?.humidity, 0.01),
  ),
  gauge('weather_pressure_pascals', 'Air pressure at the station in the newest reading.', ({ latest }) =>
    scaled(latest?.pressure, PASCALS_PER_HPA),
  ),
  gauge('weather_wind_speed_meters_per_second', 'Mean wind speed of the newest reading.', ({ latest }) =>
    scaled(latest?.windintensity, METRES_PER_SECOND_PER_KMH),
  ),
  gauge('weather_wind_gust_meters_per_second', 'Highest 3 s mean in the newest reading.', ({ latest }) =>
    scaled(latest?.windgust, METRES_PER_SECOND_PER_KMH),
  ),
  gauge(
    'weather_wind_direction_degrees',
    'Where the wind of the newest reading comes from, degrees true.',
    ({ latest }) => latest?.winddirection ?? null,
  ),
  gauge(
    'weather_rain_last_hour_meters',
    'Rain of the last hour: a reading has only that of its own few seconds.',
    ({ derived }) => scaled(derived?.rainhour, METRES_PER_MM),
  ),
];
