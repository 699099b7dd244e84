import type { GatewayConfig } from '../../src/config/schema.ts';
import type { PreAlertEvent } from '../../src/pre-alerts/assessment.ts';
import { createPreAlerts } from '../../src/pre-alerts/pre-alerts.ts';
import { createQualityControl } from '../../src/quality/quality-control.ts';
import type { Derived } from '../../src/weather/derived.ts';
import type { RawMeasurement, Values } from '../../src/weather/reading.ts';
import { type Span, SpanRecorder } from './foresight.ts';
import { type SimulatedReadings, simulatedReadings } from './simulated-days.ts';

export type Rules = Pick<GatewayConfig, 'preAlerts' | 'quality'>;

/** Whether what a rule is to foresee is so now. */
export type IsReached = (values: Values, derived: Derived) => boolean;

export type RuleRun = {
  readonly events: readonly PreAlertEvent[];
  /** How often each flag was given, as `quantity flag`. */
  readonly flags: ReadonlyMap<string, number>;
  /** When each of the watched things was so. */
  readonly reached: ReadonlyMap<string, readonly Span[]>;
  readonly readings: number;
};

/** Runs quality control and the rules of a configuration over simulated readings. */
export const runRules = (
  rules: Rules,
  options: SimulatedReadings,
  watched: ReadonlyMap<string, IsReached> = new Map(),
): RuleRun => runRulesOver(rules, simulatedReadings(options), options.intervalSeconds * 1000, watched);

/** The same over any readings, `intervalMs` apart. */
export const runRulesOver = (
  { preAlerts: rules, quality: limits }: Rules,
  raws: Iterable<RawMeasurement>,
  intervalMs: number,
  watched: ReadonlyMap<string, IsReached>,
): RuleRun => {
  const quality = createQualityControl({ limits, intervalMs });
  const preAlerts = createPreAlerts({ rules, intervalMs, restored: undefined });
  const events: PreAlertEvent[] = [];
  const flags = new Map<string, number>();
  const recorders = new Map([...watched.keys()].map((name) => [name, new SpanRecorder()]));
  let readings = 0;
  for (const raw of raws) {
    const measurement = quality.check(raw);
    readings += 1;
    for (const [quantity, flag] of Object.entries(measurement.quality)) {
      flags.set(`${quantity} ${flag}`, (flags.get(`${quantity} ${flag}`) ?? 0) + 1);
    }
    const { steps, derived } = preAlerts.evaluate(measurement);
    events.push(...steps.map(({ event }) => event));
    for (const [name, isReached] of watched) {
      if (isReached(raw.values, derived)) recorders.get(name)?.note(raw.at.monotonicMs);
    }
  }
  const reached = new Map([...recorders].map(([name, recorder]) => [name, recorder.spans]));
  return { events, flags, reached, readings };
};
