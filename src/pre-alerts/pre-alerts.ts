import { z } from 'zod';
import type { PreAlertRule } from '../config/pre-alerts-schema.ts';
import { CALM_KMH, type Derived, derive, recentSpanMs } from '../weather/derived.ts';
import type { Measurement } from '../weather/reading.ts';
import { RecentReadings } from '../weather/recent-readings.ts';
import type { Assessment, Severity } from './assessment.ts';
import { type EngineState, type EngineStep, evaluateRules, initialState } from './engine.ts';
import { type RuleState, restingState } from './rule-state.ts';

const durationMs = z.number().min(0);
const instant = z.object({
  bootId: z.string(),
  monotonicMs: z.number(),
  wallMs: z.number(),
  synchronized: z.boolean(),
});
const severity = z.enum(['warning', 'alert']);

const event = z.object({
  rule: z.string(),
  kind: z.enum(['limit', 'rate', 'trend', 'sensor', 'flood']),
  quantity: z.string(),
  severity,
  transition: z.enum(['raised', 'escalated', 'reminder', 'cleared']),
  value: z.number().nullable(),
  limit: z.number().nullable(),
  unit: z.string(),
  minutestolimit: z.number().nullable(),
  text: z.string(),
  at: instant,
});

const ruleState = z.object({
  phase: z.enum(['normal', 'pending', 'active', 'clearing']),
  severity: severity.nullable(),
  subjects: z.array(z.string()),
  heldMs: durationMs,
  worseMs: durationMs.nullable(),
  quietMs: durationMs,
  changeAgesMs: z.array(durationMs),
  sinceChangeMs: durationMs.nullable(),
  isChattering: z.boolean(),
  announced: event.nullable(),
});

const engineState = z.object({
  at: instant.nullable(),
  rules: z.record(z.string(), ruleState),
  flood: z.object({ eventAgesMs: z.array(durationMs), isFlooding: z.boolean() }),
});

/** What an earlier run wrote down; `null` when it cannot be read. */
const readSavedState = (saved: unknown): EngineState | null => {
  const parsed = engineState.safeParse(saved);
  return parsed.success ? parsed.data : null;
};

export type PreAlertsOptions = {
  readonly rules: readonly PreAlertRule[];
  /** Between two readings. */
  readonly intervalMs: number;
  /** Height of the barometer above sea level. */
  readonly elevationMetres?: number | undefined;
  /** Below it the wind is calm and has no direction. */
  readonly calmKmh?: number;
  /** The state that was kept by the run before; `undefined` when there was none. */
  readonly restored: unknown;
  /** Measurements of the last hours, oldest first, so that trends need not begin anew; none may be given. */
  readonly recent?: readonly Measurement[];
};

export type RuleStatus = {
  readonly rule: string;
  /** `unknown`: not active, and its quantity has no valid value. */
  readonly state: RuleState['phase'] | 'unknown';
  readonly severity: Severity | 'none';
  /** What is the matter while it is active or clearing, otherwise empty. */
  readonly text: string;
};

export type PreAlerts = {
  /**
   * Takes the next measurement. Each event comes with the state to be written in the same commit as itself, so that
   * whatever a power cut leaves is neither raised twice nor forgotten; without an event `state` may be kept at leisure.
   */
  evaluate(measurement: Measurement): {
    readonly steps: readonly EngineStep[];
    readonly state: EngineState;
    /** What follows from this measurement and those before it. */
    readonly derived: Derived;
    /** What each rule made of it, in their order; `null` where it could not tell. */
    readonly assessments: readonly (Assessment | null)[];
  };
  /** One for each rule, in the order of the configuration. */
  status(): RuleStatus[];
  /** Whether `restored` was given and could not be read. */
  readonly hasForgotten: boolean;
};

/** Pre-alerts of one station, fed with its measurements in the order they are taken. */
export const createPreAlerts = (options: PreAlertsOptions): PreAlerts => {
  const { rules, intervalMs, elevationMetres, calmKmh = CALM_KMH, restored } = options;
  const windowsMs = rules.map((rule) => ('windowMinutes' in rule ? rule.windowMinutes * 60_000 : 0));
  const spanMs = Math.max(recentSpanMs(intervalMs), 4 * intervalMs, ...windowsMs);
  const saved = restored === undefined ? null : readSavedState(restored);
  let state = saved ?? initialState;
  const recent = new RecentReadings(spanMs, options.recent);
  let assessments: readonly (Assessment | null)[] = [];

  return {
    hasForgotten: restored !== undefined && saved === null,
    evaluate: (measurement) => {
      recent.push(measurement);
      const derived = derive(recent, { intervalMs, elevationMetres, calmKmh });
      const evaluation = evaluateRules(rules, state, { measurement, derived, recent, intervalMs });
      state = evaluation.state;
      assessments = evaluation.assessments;
      return { steps: evaluation.steps, state, derived, assessments };
    },
    status: () =>
      rules.map(({ id }, index) => statusOf(id, state.rules[id] ?? restingState, assessments[index] ?? null)),
  };
};

const statusOf = (
  rule: string,
  { phase, severity, announced }: RuleState,
  assessment: Assessment | null,
): RuleStatus => ({
  rule,
  state: severity === null && assessment === null ? 'unknown' : phase,
  severity: severity ?? 'none',
  text: severity === null ? '' : (assessment?.sentence(severity) ?? announced?.text ?? ''),
});
