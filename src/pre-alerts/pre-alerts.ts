import { z } from 'zod';
import type { PreAlertRule } from '../config/pre-alerts-schema.ts';
import { type Derived, type DerivedQuantity, derive, recentSpanMs } from '../weather/derived.ts';
import type { Quantity } from '../weather/quantities.ts';
import type { Measurement } from '../weather/reading.ts';
import { RecentReadings } from '../weather/recent-readings.ts';
import type { Assessment, Observation, Severity } from './assessment.ts';
import { type EngineState, type Evaluation, evaluateRules, initialState, type Turn } from './engine.ts';
import { type RuleState, restingState } from './rule-state.ts';
import { derivedFrom, isJudgedBy, whyNotJudged } from './rules.ts';

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
  // Releases before 0.2.0 did not write it.
  interimAt: instant.nullable().default(null),
  rules: z.record(z.string(), ruleState),
  flood: z.object({ eventAgesMs: z.array(durationMs), isFlooding: z.boolean() }),
});

/** What an earlier run wrote down; `null` when it cannot be read. */
const readSavedState = (saved: unknown): EngineState | null => {
  const parsed = engineState.safeParse(saved);
  return parsed.success ? parsed.data : null;
};

/** Measurements between two readings, of what is counted all the time. */
type Interim = { readonly everyMs: number; readonly quantities: ReadonlySet<Quantity> };

type PreAlertsOptions = {
  readonly rules: readonly PreAlertRule[];
  /** Between two readings. */
  readonly intervalMs: number;
  /** Where readings are rare: rules on these quantities are decided by interim measurements alone. */
  readonly interim?: Interim | undefined;
  /** Height of the barometer above sea level. */
  readonly elevationMetres?: number | undefined;
  /** Below it the wind is calm and has no direction. */
  readonly calmKmh?: number | undefined;
  /** The state that was kept by the run before; `undefined` when there was none. */
  readonly restored: unknown;
  /** Measurements of the last hours, oldest first, so that trends need not begin anew; none may be given. */
  readonly recent?: readonly Measurement[];
};

type RuleStatus = {
  readonly rule: string;
  /** `unknown`: not active, and its quantity has no valid value. */
  readonly state: RuleState['phase'] | 'unknown';
  readonly severity: Severity | 'none';
  /** What is the matter while it is active or clearing, and what keeps it from being judged; empty otherwise. */
  readonly text: string;
};

/** Each event comes with the state to be written in the same commit as itself. */
export type Decision = Pick<Evaluation, 'steps' | 'state' | 'assessments'> & {
  /** What follows from this measurement and those before it. */
  readonly derived: Derived;
};

export type PreAlerts = {
  /**
   * Takes the next reading. Whatever a power cut leaves of its events is neither raised twice nor forgotten; without an
   * event `state` may be kept at leisure.
   */
  evaluate(measurement: Measurement): Decision;
  /** Takes what was counted since the last call, between two readings. */
  evaluateInterim(measurement: Measurement): Decision;
  /** One for each rule, in the order of the configuration. */
  status(): RuleStatus[];
  /** Whether `restored` was given and could not be read. */
  readonly hasForgotten: boolean;
};

/** Pre-alerts of one station, fed with its measurements in the order they are taken. */
export const createPreAlerts = (options: PreAlertsOptions): PreAlerts => {
  const station = new RulesOfStation(options);
  return {
    hasForgotten: station.hasForgotten,
    evaluate: (measurement) => station.evaluate(measurement),
    evaluateInterim: (measurement) => station.evaluateInterim(measurement),
    status: () => station.status(),
  };
};

class RulesOfStation {
  readonly hasForgotten: boolean;
  readonly #options: PreAlertsOptions;
  readonly #readings: RecentReadings;
  /** What was counted, in steps that are finer than the readings. */
  readonly #interims: RecentReadings;
  readonly #interimRules: readonly PreAlertRule[];
  readonly #readingRules: readonly PreAlertRule[];
  readonly #interimDerived: readonly DerivedQuantity[];
  #state: EngineState;
  #derived: Derived;
  /** What each rule last made of which measurement. */
  readonly #judged = new Map<string, { assessment: Assessment | null; measurement: Measurement }>();

  constructor(options: PreAlertsOptions) {
    const { rules, intervalMs, interim, restored, recent } = options;
    const counted = interim?.quantities ?? new Set<Quantity>();
    const windowsMs = rules.map((rule) => ('windowMinutes' in rule ? rule.windowMinutes * 60_000 : 0));
    const spanMs = Math.max(recentSpanMs(intervalMs), 4 * intervalMs, ...windowsMs);
    const saved = restored === undefined ? null : readSavedState(restored);
    this.#options = options;
    this.#readings = new RecentReadings(spanMs, recent);
    this.#interims = new RecentReadings(spanMs, interim && recent);
    this.#interimRules = rules.filter((rule) => isJudgedBy(rule, counted));
    this.#readingRules = rules.filter((rule) => !isJudgedBy(rule, counted));
    this.#interimDerived = derivedFrom(counted);
    this.hasForgotten = restored !== undefined && saved === null;
    this.#state = saved ?? initialState;
    this.#derived = this.#derive(new RecentReadings(spanMs), intervalMs);
  }

  evaluate(measurement: Measurement): Decision {
    const { intervalMs } = this.#options;
    this.#readings.push(measurement);
    const derived = this.#derive(this.#readings, intervalMs);
    const hasInterims = this.#interimDerived.length > 0;
    this.#derived = hasInterims ? { ...derived, ...this.#knownOfInterims(this.#derived) } : derived;
    const observation = { measurement, derived: this.#derived, recent: this.#readings, intervalMs };
    return this.#decide(observation, { rules: this.#readingRules, clock: 'at' });
  }

  evaluateInterim(measurement: Measurement): Decision {
    const { intervalMs, interim } = this.#options;
    const everyMs = interim?.everyMs ?? intervalMs;
    this.#interims.push(measurement);
    const derived = this.#knownOfInterims(this.#derive(this.#interims, everyMs));
    this.#derived = { ...this.#derived, ...derived };
    const observation = {
      measurement,
      derived: this.#derived,
      recent: this.#interims,
      intervalMs: everyMs,
    };
    return this.#decide(observation, { rules: this.#interimRules, clock: 'interimAt' });
  }

  status(): RuleStatus[] {
    return this.#options.rules.map((rule) => {
      const judged = this.#judged.get(rule.id);
      const why = judged?.assessment === null ? whyNotJudged(rule, judged.measurement) : '';
      return statusOf(rule.id, this.#state.rules[rule.id] ?? restingState, judged?.assessment ?? null, why);
    });
  }

  #derive(recent: RecentReadings, intervalMs: number): Derived {
    const { elevationMetres, calmKmh } = this.#options;
    return derive(recent, { intervalMs, elevationMetres, calmKmh });
  }

  /** Of what is derived, that which interim measurements are enough for. */
  #knownOfInterims(derived: Derived): Partial<Derived> {
    return Object.fromEntries(this.#interimDerived.map((quantity) => [quantity, derived[quantity]]));
  }

  #decide(observation: Observation, turn: Turn): Decision {
    const { steps, state, assessments } = evaluateRules(this.#options.rules, this.#state, observation, turn);
    this.#state = state;
    const { measurement } = observation;
    for (const [index, { id }] of turn.rules.entries())
      this.#judged.set(id, { assessment: assessments[index] ?? null, measurement });
    return { steps, state, assessments, derived: this.#derived };
  }
}

const statusOf = (
  rule: string,
  { phase, severity, announced }: RuleState,
  assessment: Assessment | null,
  why: string,
): RuleStatus => {
  const matter = severity === null ? '' : (assessment?.sentence(severity) ?? announced?.text ?? '');
  return {
    rule,
    state: severity === null && assessment === null ? 'unknown' : phase,
    severity: severity ?? 'none',
    text: [matter, why].filter((text) => text !== '').join(' '),
  };
};
