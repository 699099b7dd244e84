import type { GatewayConfig } from '../../src/config/schema.ts';
import type { PreAlertEvent } from '../../src/pre-alerts/event.ts';
import { createPreAlerts } from '../../src/pre-alerts/pre-alerts.ts';
import { createQualityControl } from '../../src/quality/quality-control.ts';
import type { Values } from '../../src/reading.ts';
import { type SimulatedReadings, simulatedReadings } from './simulated-days.ts';

export type Rules = Pick<GatewayConfig, 'preAlerts' | 'quality'>;

export type Run = {
  readonly events: readonly PreAlertEvent[];
  /** How often each flag was given, as `quantity flag`. */
  readonly flags: ReadonlyMap<string, number>;
  /** When the limit was first passed; `null` if never. */
  readonly reachedMs: number | null;
  readonly readings: number;
};

/** Runs quality control and the rules of a configuration over simulated readings. */
export const runRules = (
  { preAlerts: rules, quality: limits }: Rules,
  options: SimulatedReadings,
  isReached: (values: Values) => boolean = () => false,
): Run => {
  const intervalMs = options.intervalSeconds * 1000;
  const quality = createQualityControl({ limits, intervalMs });
  const preAlerts = createPreAlerts({ rules, intervalMs, restored: undefined });
  const events: PreAlertEvent[] = [];
  const flags = new Map<string, number>();
  let reachedMs: number | null = null;
  let readings = 0;
  for (const raw of simulatedReadings(options)) {
    const measurement = quality.check(raw);
    readings += 1;
    for (const [quantity, flag] of Object.entries(measurement.quality)) {
      flags.set(`${quantity} ${flag}`, (flags.get(`${quantity} ${flag}`) ?? 0) + 1);
    }
    if (reachedMs === null && isReached(raw.values)) reachedMs = raw.at.monotonicMs;
    events.push(...preAlerts.evaluate(measurement).steps.map(({ event }) => event));
  }
  return { events, flags, reachedMs, readings };
};

export type Warnings = {
  /** Minutes between the warning that was out when the limit was reached and that moment; `null` if none was. */
  readonly leadMinutes: number | null;
  /** Warnings that ended, or were still out at the end, without the limit being reached. */
  readonly falseWarnings: number;
};

/** How well a rule foresaw that the limit would be reached. */
export const warningsOf = ({ events, reachedMs }: Run, rule: string): Warnings => {
  let falseWarnings = 0;
  let sinceMs: number | null = null;
  for (const event of events.filter((each) => each.rule === rule)) {
    const atMs = event.at.monotonicMs;
    if (reachedMs !== null && atMs >= reachedMs) break;
    if (event.transition === 'raised') sinceMs = atMs;
    if (event.transition === 'cleared') {
      sinceMs = null;
      falseWarnings += 1;
    }
  }
  if (reachedMs !== null && sinceMs !== null)
    return { leadMinutes: (reachedMs - sinceMs) / 60_000, falseWarnings };
  return { leadMinutes: null, falseWarnings: falseWarnings + (sinceMs === null ? 0 : 1) };
};
