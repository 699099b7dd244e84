import type { LimitRule } from '../config/pre-alerts-schema.ts';
import { type Derived, isDerived } from '../weather/derived.ts';
import type { PreAlertMessage } from '../weather/message.ts';
import type { Instant, Measurement } from '../weather/reading.ts';
import { goodValue, type RecentReadings } from '../weather/recent-readings.ts';

/** What the alert lane keeps: the message without what is only known when it is sent. */
export type PreAlertEvent = Omit<
  PreAlertMessage,
  'deviceid' | 'epoch' | 'seq' | 'datetime' | 'timequality'
> & { readonly at: Instant };

export type Severity = PreAlertEvent['severity'];

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

/** What a rule makes of one observation; whether an event comes of it, its state decides. */
export type Assessment = {
  /** What the rule would be raised as, were it not active; `null` when there is no reason to. */
  readonly raise: Severity | null;
  /** Whether there is still reason enough to stay active: the inside of the hysteresis included. */
  readonly holds: boolean;
  /** What is affected, where a rule watches several things; one more makes it worse. */
  readonly subjects: readonly string[];
  /** What an event of this moment would say. */
  readonly report: Pick<PreAlertEvent, 'quantity' | 'value' | 'limit' | 'unit' | 'minutestolimit'>;
  /** The limits by severity, where there are several; that of the event's severity goes before the report's. */
  readonly limits?: Levels;
  /** One sentence while it is so, of an event of this severity, and one for when it is over; few are ever read. */
  readonly sentence: (severity: Severity) => string;
  readonly endSentence: () => string;
};

/** Limits of a rule in the direction that is bad: from `warning` on, from `alert` on. */
export type Levels = { readonly warning?: number; readonly alert?: number; readonly hysteresis: number };

type LevelJudgement = {
  readonly raise: Severity | null;
  readonly holds: boolean;
  /** The limit that matters: of the severity now, or of the one the rule is active with. */
  readonly limit: number;
};

/** Judges a value against its limits; `sign` is 1 where more is worse, and -1 where less is. */
export const judgeLevels = (
  value: number,
  { warning, alert, hysteresis }: Levels,
  { sign, held }: { readonly sign: 1 | -1; readonly held: Severity | null },
): LevelJudgement => {
  const reaches = (limit: number | undefined): boolean => limit !== undefined && sign * (value - limit) >= 0;
  const raise = reaches(alert) ? 'alert' : reaches(warning) ? 'warning' : null;
  // The configuration asks for one of them.
  const first = (warning ?? alert) as number;
  const isAlert = alert !== undefined && (raise === 'alert' || held === 'alert' || warning === undefined);
  return {
    raise,
    holds: sign * (value - first) > -hysteresis,
    limit: isAlert ? alert : first,
  };
};
