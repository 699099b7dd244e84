import type { LimitRule, RateRule } from '../config/pre-alerts-schema.ts';
import { type Derived, isDerived } from '../weather/derived.ts';
import { goodValue, lookBack } from '../weather/past.ts';
import type { Measurement } from '../weather/reading.ts';

/** What the rules look at: the newest measurement, what follows from it, and those before it, oldest first. */
export type Observation = {
  readonly measurement: Measurement;
  readonly derived: Derived;
  /** The newest is the last. */
  readonly recent: readonly Measurement[];
  /** Between two readings. */
  readonly intervalMs: number;
};

/** What a rule on a limit can look at. */
export type RuleQuantity = LimitRule['quantity'];
/** What a rule on the past can look at. */
export type TrendQuantity = RateRule['quantity'];

/** The value now; `null` where it is not known or in doubt. */
export const valueNow = ({ measurement, derived }: Observation, quantity: RuleQuantity): number | null =>
  isDerived(quantity) ? derived[quantity] : goodValue(measurement, quantity);

/** The mean of one minute, as many minutes before now. */
export type MinuteMean = { readonly minutesAgo: number; readonly value: number };

/** Means of the minutes of the window that have a value, the oldest first. One long reading stands for itself. */
export const minuteMeans = (
  { recent }: Observation,
  quantity: TrendQuantity,
  windowMinutes: number,
): MinuteMean[] => {
  const minutes = new Map<number, { agoMs: number; value: number; readings: number }>();
  for (const { measurement, agoMs } of lookBack(recent, windowMinutes * 60_000)) {
    const value = goodValue(measurement, quantity);
    if (value === null) continue;
    const minute = Math.floor(agoMs / 60_000);
    const sum = minutes.get(minute) ?? { agoMs: 0, value: 0, readings: 0 };
    minutes.set(minute, {
      agoMs: sum.agoMs + agoMs,
      value: sum.value + value,
      readings: sum.readings + 1,
    });
  }
  return [...minutes.values()].map(({ agoMs, value, readings }) => ({
    minutesAgo: agoMs / readings / 60_000,
    value: value / readings,
  }));
};
