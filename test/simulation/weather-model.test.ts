import { describe, expect, it } from 'vitest';
import { createWeatherModel, type Weather } from '../../src/simulation/weather-model.ts';

const JULY = Date.UTC(2026, 6, 15);
const DAY_SECONDS = 86_400;

const every = (stepSeconds: number, days: number): number[] =>
  Array.from({ length: (days * DAY_SECONDS) / stepSeconds }, (_, index) => index * stepSeconds);

const mean = (numbers: readonly number[]): number =>
  numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

const series = (seed: number, seconds: readonly number[]): Weather[] =>
  seconds.map(createWeatherModel({ seed, startSolarMs: JULY }));

describe('the weather model', () => {
  it('gives the same bytes for the same seed, in whatever order it is asked', () => {
    const seconds = every(600, 3);

    const forwards = JSON.stringify(series(42, seconds));
    const backwards = JSON.stringify(series(42, [...seconds].reverse()).reverse());

    expect(forwards).toBe(backwards);
  });

  it('gives other weather for another seed', () => {
    expect(series(1, [5000])).not.toEqual(series(2, [5000]));
  });

  it('has warm afternoons and cool mornings', () => {
    const days = Array.from({ length: 30 }, (_, day) => day * DAY_SECONDS);
    const at15h = series(
      7,
      days.map((day) => day + 15 * 3600),
    );
    const at04h = series(
      7,
      days.map((day) => day + 4 * 3600),
    );

    const rangeC = mean(at15h.map((w) => w.temperatureC)) - mean(at04h.map((w) => w.temperatureC));

    expect(rangeC).toBeGreaterThan(5);
    expect(rangeC).toBeLessThan(15);
  });

  it('is warmer in July than in January', () => {
    const seconds = every(3600, 10);
    const january = seconds.map(createWeatherModel({ seed: 7, startSolarMs: Date.UTC(2026, 0, 15) }));

    const differenceC =
      mean(series(7, seconds).map((w) => w.temperatureC)) - mean(january.map((w) => w.temperatureC));

    expect(differenceC).toBeGreaterThan(8);
  });

  it.each([1, 2, 3, 4])('stays within what the sensors can measure and physics allows (seed %i)', (seed) => {
    const weather = series(seed, every(900, 60));
    const range = (of: (weather: Weather) => number): [number, number] => {
      const numbers = weather.map(of);
      return [Math.min(...numbers), Math.max(...numbers)];
    };

    expect(range((w) => w.temperatureC - w.dewPointC)[0]).toBeGreaterThanOrEqual(0);
    const limits = {
      temperature: [range((w) => w.temperatureC), -10, 40],
      humidity: [range((w) => w.humidityPercent), 5, 100],
      pressure: [range((w) => w.pressureHpa), 960, 1060],
      wind: [range((w) => w.windMs), 0, 30],
      direction: [range((w) => w.windDirectionDegrees), 0, 360],
      rain: [range((w) => w.rainMmPerHour), 0, 60],
    } as const;
    for (const [[lowest, highest], lower, upper] of Object.values(limits)) {
      expect(lowest).toBeGreaterThanOrEqual(lower);
      expect(highest).toBeLessThanOrEqual(upper);
    }
  });

  it('changes no faster than the quality limits allow', () => {
    const hours = series(5, every(3600, 60));

    hours.slice(1).forEach((weather, index) => {
      const before = hours[index];
      expect(Math.abs(weather.temperatureC - (before?.temperatureC ?? Number.NaN))).toBeLessThan(6);
      expect(Math.abs(weather.pressureHpa - (before?.pressureHpa ?? Number.NaN))).toBeLessThan(3);
    });
  });

  it('blows in gusts above its mean, by a factor seen at real stations', () => {
    const model = createWeatherModel({ seed: 11, startSolarMs: JULY });
    const factors = every(3600, 5).map((startSeconds) => {
      const speeds = Array.from({ length: 600 }, (_, second) => model(startSeconds + second).windMs);
      const threeSecondMeans = speeds.slice(2).map((_, index) => mean(speeds.slice(index, index + 3)));
      return Math.max(...threeSecondMeans) / mean(speeds);
    });

    expect(Math.min(...factors)).toBeGreaterThan(1);
    expect(mean(factors)).toBeGreaterThan(1.3);
    expect(mean(factors)).toBeLessThan(1.9);
  });

  it('has a wind that remembers itself from one second to the next', () => {
    const speeds = series(3, every(1, 0.05)).map((w) => w.windMs);
    const meanMs = mean(speeds);
    const variance = mean(speeds.map((ms) => (ms - meanMs) ** 2));

    const covariance = mean(
      speeds.slice(1).map((ms, index) => (ms - meanMs) * ((speeds[index] ?? 0) - meanMs)),
    );

    expect(covariance / variance).toBeGreaterThan(0.8);
  });

  it('rains in showers, some 700 mm a year', () => {
    const rates = [1, 2, 3, 4, 5].flatMap((seed) =>
      series(seed, every(600, 73)).map((weather) => weather.rainMmPerHour),
    );
    const totalMm = rates.reduce((sum, mmPerHour) => sum + mmPerHour / 6, 0);

    expect(totalMm).toBeGreaterThan(450);
    expect(totalMm).toBeLessThan(1000);
    expect(rates.filter((rate) => rate > 0).length / rates.length).toBeLessThan(0.15);
  });

  it('is cooler and more humid in a shower than just before it', () => {
    const weather = series(2, every(120, 30));
    const peak = weather.findIndex((w) => w.rainMmPerHour > 8);
    const before = weather.slice(0, peak).findLast((w) => w.rainMmPerHour === 0);

    expect(weather[peak]?.humidityPercent).toBeGreaterThan(before?.humidityPercent ?? 100);
    expect(weather[peak]?.temperatureC).toBeLessThan(before?.temperatureC ?? -100);
  });

  it('has less pressure on a hill', () => {
    const [low, high] = [0, 500].map((elevationMetres) =>
      createWeatherModel({ seed: 1, startSolarMs: JULY, elevationMetres })(0),
    );

    expect((low?.pressureHpa ?? 0) - (high?.pressureHpa ?? 0)).toBeGreaterThan(50);
  });
});
