import type { LimitRule } from '../config/pre-alerts-schema.ts';
import { type Derived, isDerived } from '../weather/derived.ts';
import { goodValue } from '../weather/good-value.ts';
import type { Measurement } from '../weather/reading.ts';
import type { RecentReadings } from '../weather/recent-readings.ts';

/** What the rules look at: the newest measurement, what follows from it, and those before it. */
export type Observation = {
  readonly measurement: Measurement;
  readonly derived: Derived;
  /** The newest among them. */
  readonly recent: RecentReadings;
  /** Between two readings. */
  readonly intervalMs: number;
};

/** What a rule on a limit can look at. */
export type RuleQuantity = LimitRule['quantity'];

/** The value now; `null` where it is not known or in doubt. */
export const valueNow = ({ measurement, derived }: Observation, quantity: RuleQuantity): number | null =>
  isDerived(quantity) ? derived[quantity] : goodValue(measurement, quantity);
