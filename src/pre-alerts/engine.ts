import type { PreAlertRule } from '../config/pre-alerts-schema.ts';
import { elapsedMs, observedMs } from '../time/elapsed.ts';
import type { PreAlertTransition } from '../weather/message.ts';
import type { Instant } from '../weather/reading.ts';
import type { Assessment, Observation, PreAlertEvent } from './assessment.ts';
import { ageFlood, countEvent, type FloodState, noFlood } from './flood.ts';
import { advance, type Passed, type RuleState, restingState, type Timing } from './rule-state.ts';
import { assessLimit, assessRate, assessSensor, assessTrend } from './rules.ts';

/** Everything the rules remember: plain data that can be written down as JSON and read after a reboot. */
export type EngineState = {
  /** Of the last evaluation; `null` before the first. */
  readonly at: Instant | null;
  readonly rules: Readonly<Record<string, RuleState>>;
  readonly flood: FloodState;
};

export const initialState: EngineState = { at: null, rules: {}, flood: noFlood };

/** An event, and the state to remember together with it: of what comes after, nothing has happened yet. */
export type EngineStep = { readonly event: PreAlertEvent; readonly state: EngineState };

export type Evaluation = {
  readonly steps: readonly EngineStep[];
  readonly state: EngineState;
  /** What each rule made of the observation; `null` where it could not tell. */
  readonly assessments: ReadonlyMap<string, Assessment | null>;
};

/** Takes all rules one step further: a function of its arguments, time included. */
export const evaluateRules = (
  rules: readonly PreAlertRule[],
  before: EngineState,
  observation: Observation,
): Evaluation => {
  const { at } = observation.measurement;
  // Where nobody knows how long the station was off, no time has passed for the rules.
  const sinceMs = Math.max(0, (before.at && elapsedMs(before.at, at)) ?? 0);
  const passed = { sinceMs, observedMs: observedMs(sinceMs, observation.intervalMs) };
  const run = new Run({ ...before, at });
  run.ageFlood(sinceMs);
  run.forgetAllBut(rules);
  const assessments = new Map<string, Assessment | null>();
  for (const rule of rules) {
    const assessment = assess(rule, before.rules[rule.id]?.severity ?? null, observation);
    assessments.set(rule.id, assessment);
    run.takeOn(rule, { assessment, passed, timing: timingOf(rule, observation.intervalMs) });
  }
  return { ...run.result(), assessments };
};

const assess = (
  rule: PreAlertRule,
  held: RuleState['severity'],
  observation: Observation,
): Assessment | null => {
  switch (rule.kind) {
    case 'limit':
      return assessLimit(rule, observation, held);
    case 'rate':
      return assessRate(rule, observation, held);
    case 'trend':
      return assessTrend(rule, observation);
    case 'sensor':
      return assessSensor(rule, observation);
  }
};

const timingOf = (rule: PreAlertRule, intervalMs: number): Timing => ({
  // The third reading comes two intervals after the first, or a little earlier.
  onDelayMs:
    rule.kind === 'sensor' ? Math.max(0, rule.readings - 1.5) * intervalMs : rule.onDelaySeconds * 1000,
  offDelayMs: rule.offDelaySeconds * 1000,
  reminderMs: rule.reminderMinutes * 60_000,
  minIntervalMs: rule.minIntervalSeconds * 1000,
});

type RuleStep = { readonly assessment: Assessment | null; readonly passed: Passed; readonly timing: Timing };

/** One evaluation while it is going on. */
class Run {
  readonly #at: Instant;
  readonly #steps: EngineStep[] = [];
  #state: EngineState;

  constructor(state: EngineState & { readonly at: Instant }) {
    this.#at = state.at;
    this.#state = state;
  }

  result(): Pick<Evaluation, 'steps' | 'state'> {
    return { steps: this.#steps, state: this.#state };
  }

  ageFlood(sinceMs: number): void {
    const { flood, event } = ageFlood(this.#state.flood, sinceMs, this.#at);
    this.#commit({ flood }, event);
  }

  /** A rule that is no longer configured is over; it must not stay active for those who were told. */
  forgetAllBut(rules: readonly PreAlertRule[]): void {
    for (const id of Object.keys(this.#state.rules)) {
      if (rules.some((rule) => rule.id === id)) continue;
      const announced = this.#state.rules[id]?.announced ?? null;
      const { [id]: _, ...others } = this.#state.rules;
      const text = `The rule ${id} is no longer configured.`;
      this.#commit(
        { rules: others },
        announced && { ...announced, at: this.#at, transition: 'cleared', text },
      );
    }
  }

  takeOn(rule: PreAlertRule, { assessment, ...step }: RuleStep): void {
    const { state, transition } = advance(this.#state.rules[rule.id] ?? restingState, assessment, step);
    const due = transition ?? this.#heldBack(state);
    if (assessment === null || due === null) this.#remember(rule, state, null);
    else if (due === 'cleared') this.#end(rule, state, assessment);
    else this.#begin(rule, state, beginning(rule, { assessment, state, transition: due, at: this.#at }));
  }

  /** What a flood held back and is still so goes out when the flood is over. */
  #heldBack({ phase, announced }: RuleState): PreAlertTransition | null {
    return phase === 'active' && announced === null && !this.#state.flood.isFlooding ? 'raised' : null;
  }

  #begin(rule: PreAlertRule, state: RuleState, event: PreAlertEvent): void {
    const counted = countEvent(this.#state.flood, this.#at);
    this.#commit({ flood: counted.flood }, counted.event);
    if (counted.flood.isFlooding && event.severity === 'warning') this.#remember(rule, state, null);
    else this.#remember(rule, { ...state, announced: event }, event);
  }

  /** Passes a flood, unless nobody was told that it began. */
  #end(rule: PreAlertRule, state: RuleState, { report, endSentence }: Assessment): void {
    const { announced } = state;
    if (announced === null) {
      this.#remember(rule, state, null);
      return;
    }
    const counted = countEvent(this.#state.flood, this.#at);
    this.#commit({ flood: counted.flood }, counted.event);
    const { value, minutestolimit } = report;
    const end = { value, minutestolimit, transition: 'cleared', text: endSentence(), at: this.#at } as const;
    this.#remember(rule, { ...state, announced: null }, { ...announced, ...end });
  }

  #remember({ id }: PreAlertRule, state: RuleState, event: PreAlertEvent | null): void {
    if (event === null && this.#state.rules[id] === state) return;
    this.#commit({ rules: { ...this.#state.rules, [id]: state } }, event);
  }

  #commit(change: Partial<EngineState>, event: PreAlertEvent | null): void {
    this.#state = { ...this.#state, ...change };
    if (event !== null) this.#steps.push({ event, state: this.#state });
  }
}

type Happening = {
  readonly assessment: Assessment;
  readonly state: RuleState;
  readonly transition: PreAlertTransition;
  readonly at: Instant;
};

const beginning = (rule: PreAlertRule, { assessment, state, transition, at }: Happening): PreAlertEvent => {
  const severity = state.severity === 'alert' ? 'alert' : 'warning';
  return {
    rule: rule.id,
    kind: rule.kind,
    ...assessment.report,
    limit: assessment.limits?.[severity] ?? assessment.report.limit,
    severity,
    // If the beginning was not reported, it is reported now at the severity of now.
    transition: state.announced === null ? 'raised' : transition,
    text: assessment.sentence(severity),
    at,
  };
};
