import type { PreAlertRule } from '../../src/config/pre-alerts-schema.ts';
import type { EngineStep } from '../../src/pre-alerts/engine.ts';
import { createPreAlerts, type PreAlerts } from '../../src/pre-alerts/pre-alerts.ts';
import type { QualityFlags, Values } from '../../src/weather/reading.ts';
import { measurementAt } from '../fakes/measurements.ts';

export type Station = PreAlerts & {
  /** The next reading, an interval after the one before; what comes of it, as `rule transition`. */
  reads(values: Partial<Values>, quality?: QualityFlags): string[];
  /** So many readings of the same; `null` values change nothing. */
  readsFor(minutes: number, values: Partial<Values>): string[];
  /** Everything that came of all readings, in its order. */
  readonly steps: readonly EngineStep[];
  /** The state that would have been written with the last reading. */
  kept(): unknown;
  /** A new process that begins with what the last commit of this one left. */
  restarted(): Station;
};

/** Pre-alerts fed with a reading each `intervalSeconds`. */
export const createStation = (
  rules: readonly PreAlertRule[],
  {
    intervalSeconds = 12,
    seconds = 0,
    restored,
  }: { intervalSeconds?: number; seconds?: number; restored?: unknown } = {},
): Station => {
  const preAlerts = createPreAlerts({ rules, intervalMs: intervalSeconds * 1000, restored });
  const steps: EngineStep[] = [];
  let nextSeconds = seconds;
  let kept = restored;

  const reads: Station['reads'] = (values, quality = {}) => {
    const evaluation = preAlerts.evaluate(measurementAt(nextSeconds, values, quality));
    nextSeconds += intervalSeconds;
    steps.push(...evaluation.steps);
    kept = JSON.parse(JSON.stringify(evaluation.state));
    return evaluation.steps.map(({ event }) => `${event.rule} ${event.transition}`);
  };
  return {
    ...preAlerts,
    steps,
    reads,
    readsFor: (minutes, values) =>
      Array.from({ length: Math.round((minutes * 60) / intervalSeconds) }, () => reads(values)).flat(),
    kept: () => kept,
    restarted: () => createStation(rules, { intervalSeconds, seconds: nextSeconds, restored: kept }),
  };
};
