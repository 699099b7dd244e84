import type { WindSpeeds } from '../instruments/anemometer/anemometer.ts';
import type { Bme280Reading } from '../instruments/bme280/bme280-compensation.ts';
import type { Attempt } from '../instruments/instrument-health.ts';
import type { Quantity } from '../weather/quantities.ts';
import type { Instant, QualityFlags, RawMeasurement, Values } from '../weather/reading.ts';

/** A value, why there is none, or `null` where no sensor measures it. */
export type Outcome<Value> = Attempt<Value> | null;

/** What one interval gave. */
export type Outcomes = {
  readonly air: Outcome<Bme280Reading>;
  /** Degrees; the value `null` is a direction that nobody can tell. */
  readonly direction: Outcome<number | null>;
  readonly wind: Outcome<WindSpeeds>;
  readonly rain: Outcome<{ readonly mm: number; readonly isTooFast: boolean }>;
};

const valueIn = <Value>(outcome: Outcome<Value>): Value | null =>
  outcome !== null && 'value' in outcome ? outcome.value : null;

const sources: Readonly<Record<Quantity, keyof Outcomes>> = {
  temperature: 'air',
  humidity: 'air',
  winddirection: 'direction',
  windintensity: 'wind',
  windgust: 'wind',
  rainheight: 'rain',
  pressure: 'air',
};

const faultsOf = (outcomes: Outcomes): QualityFlags =>
  Object.fromEntries(
    Object.entries(sources).flatMap(([quantity, source]) => {
      const outcome = outcomes[source];
      return outcome !== null && 'fault' in outcome ? [[quantity, `missing:${outcome.fault.code}`]] : [];
    }),
  );

export const rawMeasurement = (at: Instant, outcomes: Outcomes): RawMeasurement => {
  const air = valueIn(outcomes.air);
  const wind = valueIn(outcomes.wind);
  const values: Values = {
    temperature: air?.temperatureCelsius ?? null,
    humidity: air?.humidityPercent ?? null,
    // In a calm too: quality control takes it away, but has to see whether the vane turns while the cups stand.
    winddirection: valueIn(outcomes.direction),
    windintensity: wind?.meanKmh ?? null,
    windgust: wind?.gustKmh ?? null,
    rainheight: valueIn(outcomes.rain)?.mm ?? null,
    pressure: air?.pressureHpa ?? null,
  };
  const doubts = valueIn(outcomes.rain)?.isTooFast ? { rainheight: 'suspect:bounce' } : {};
  return { at, values, faults: faultsOf(outcomes), doubts };
};
