import type { PreAlertRule } from '../config/pre-alerts-schema.ts';
import type { PreAlertTransition } from '../weather/message.ts';
import { elapsedMs, type Instant, observedMs } from '../weather/reading.ts';
import type { Assessment, Observation, PreAlertEvent } from './assessment.ts';
import { advance, agedWithin, type Passed, type RuleState, restingState, type Timing } from './rule-state.ts';
import { assessLimit, assessRate, assessSensor, assessTrend } from './rules.ts';

/** Events of the last ten minutes, held back ones included, and whether they are more than a person can take in. */
type FloodState = { readonly eventAgesMs: readonly number[]; readonly isFlooding: boolean };

const noFlood: FloodState = { eventAgesMs: [], isFlooding: false };

/** EEMUA 191: more than ten alarms in ten minutes are a flood. It is over at half of that. */
const FLOOD_EVENTS = 10;
const FLOOD_OVER_EVENTS = 5;
const FLOOD_WINDOW_MS = 600_000;

type FloodStep = {
  readonly flood: FloodState;
  /** The flood's own event, where it begins or ends. */
  readonly event: PreAlertEvent | null;
};

/** Lets time pass; the flood may end by it. */
const ageFlood = (before: FloodState, sinceMs: number, at: Instant): FloodStep => {
  // Nearly always there was no event.
  if (before.eventAgesMs.length === 0 && !before.isFlooding) return { flood: before, event: null };
  const eventAgesMs = agedWithin(before.eventAgesMs, sinceMs, FLOOD_WINDOW_MS);
  if (!before.isFlooding || eventAgesMs.length > FLOOD_OVER_EVENTS) {
    return { flood: { ...before, eventAgesMs }, event: null };
  }
  const text = 'The flood of pre-alerts is over; what it held back and still holds follows.';
  return {
    flood: { eventAgesMs, isFlooding: false },
    event: floodEvent({ at, transition: 'cleared', text }, eventAgesMs.length),
  };
};

/** Counts one event; the flood may begin by it. */
const countEvent = (before: FloodState, at: Instant): FloodStep => {
  const eventAgesMs = [...before.eventAgesMs, 0];
  const isBeginning = !before.isFlooding && eventAgesMs.length > FLOOD_EVENTS;
  const text = `More than ${FLOOD_EVENTS} pre-alerts in 10 minutes: until there are fewer, warnings are held back.`;
  return {
    flood: { eventAgesMs, isFlooding: before.isFlooding || isBeginning },
    event: isBeginning ? floodEvent({ at, transition: 'raised', text }, eventAgesMs.length) : null,
  };
};

const floodEvent = (
  fields: Pick<PreAlertEvent, 'at' | 'transition' | 'text'>,
  value: number,
): PreAlertEvent => ({
  rule: 'flood',
  kind: 'flood',
  quantity: 'prealerts',
  severity: 'alert',
  value,
  limit: FLOOD_EVENTS,
  unit: 'events in 10 min',
  minutestolimit: null,
  ...fields,
});

/** Everything the rules remember: plain data that can be written down as JSON and read after a reboot. */
export type EngineState = {
  /** Of the last reading that was judged; `null` before the first. */
  readonly at: Instant | null;
  /** Of the last interim measurement that was judged; `null` where there are none. */
  readonly interimAt: Instant | null;
  readonly rules: Readonly<Record<string, RuleState>>;
  readonly flood: FloodState;
};

export const initialState: EngineState = { at: null, interimAt: null, rules: {}, flood: noFlood };

/** An event, and the state to remember together with it: of what comes after, nothing has happened yet. */
export type EngineStep = { readonly event: PreAlertEvent; readonly state: EngineState };

export type Evaluation = {
  readonly steps: readonly EngineStep[];
  readonly state: EngineState;
  /** What each rule made of the observation, in the order of the rules; `null` where it could not tell. */
  readonly assessments: readonly (Assessment | null)[];
};

/** The rules that an evaluation judges, and the time that passes for them; for the others none does. */
export type Turn = { readonly rules: readonly PreAlertRule[]; readonly clock: 'at' | 'interimAt' };

/** Takes the rules whose turn it is one step further: a function of its arguments, time included. */
export const evaluateRules = (
  rules: readonly PreAlertRule[],
  before: EngineState,
  observation: Observation,
  turn: Turn = { rules, clock: 'at' },
): Evaluation => {
  const { at } = observation.measurement;
  // Where nobody knows how long the station was off, no time has passed for the rules.
  const sinceOf = (earlier: Instant | null): number => Math.max(0, (earlier && elapsedMs(earlier, at)) ?? 0);
  const sinceMs = sinceOf(before[turn.clock]);
  const passed = { sinceMs, observedMs: observedMs(sinceMs, observation.intervalMs) };
  const run = new Run(before, at, turn.clock);
  // A clock that has not run yet says nothing of the time.
  const sinceEitherMs = Math.min(
    before.at === null ? Number.POSITIVE_INFINITY : sinceOf(before.at),
    before.interimAt === null ? Number.POSITIVE_INFINITY : sinceOf(before.interimAt),
  );
  run.ageFlood(sinceEitherMs);
  run.forgetAllBut(rules);
  const assessments = turn.rules.map((rule) => {
    const assessment = assess(rule, before.rules[rule.id]?.severity ?? null, observation);
    run.takeOn(rule, { assessment, passed, timing: timingOf(rule, observation.intervalMs) });
    return assessment;
  });
  return { steps: run.steps, state: run.state(), assessments };
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

const timings = new WeakMap<PreAlertRule, { readonly intervalMs: number; readonly timing: Timing }>();

const timingOf = (rule: PreAlertRule, intervalMs: number): Timing => {
  const known = timings.get(rule);
  if (known?.intervalMs === intervalMs) return known.timing;
  const timing = computeTiming(rule, intervalMs);
  timings.set(rule, { intervalMs, timing });
  return timing;
};

const computeTiming = (rule: PreAlertRule, intervalMs: number): Timing => ({
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
  readonly steps: EngineStep[] = [];
  readonly #at: Instant;
  readonly #lastAt: Instant | null;
  readonly #lastInterimAt: Instant | null;
  readonly #rules: Record<string, RuleState>;
  #flood: FloodState;

  constructor(before: EngineState, at: Instant, clock: Turn['clock']) {
    this.#at = at;
    this.#lastAt = clock === 'at' ? at : before.at;
    this.#lastInterimAt = clock === 'interimAt' ? at : before.interimAt;
    this.#rules = { ...before.rules };
    this.#flood = before.flood;
  }

  /** At the end: the rules are no copy. */
  state(): EngineState {
    return { at: this.#lastAt, interimAt: this.#lastInterimAt, rules: this.#rules, flood: this.#flood };
  }

  ageFlood(sinceMs: number): void {
    const { flood, event } = ageFlood(this.#flood, sinceMs, this.#at);
    this.#flood = flood;
    this.#report(event);
  }

  /** A rule that is no longer configured is over; it must not stay active for those who were told. */
  forgetAllBut(rules: readonly PreAlertRule[]): void {
    for (const id in this.#rules) {
      if (rules.some((rule) => rule.id === id)) continue;
      const announced = this.#rules[id]?.announced ?? null;
      delete this.#rules[id];
      const text = `The rule ${id} is no longer configured.`;
      this.#report(announced && { ...announced, at: this.#at, transition: 'cleared', text });
    }
  }

  takeOn(rule: PreAlertRule, { assessment, ...step }: RuleStep): void {
    const { state, transition } = advance(this.#rules[rule.id] ?? restingState, assessment, step);
    const due = transition ?? this.#heldBack(state);
    if (assessment === null || due === null) this.#remember(rule, state, null);
    else if (due === 'cleared') this.#end(rule, state, assessment);
    else this.#begin(rule, state, beginning(rule, { assessment, state, transition: due, at: this.#at }));
  }

  /** What a flood held back and is still so goes out when the flood is over. */
  #heldBack({ phase, announced }: RuleState): PreAlertTransition | null {
    return phase === 'active' && announced === null && !this.#flood.isFlooding ? 'raised' : null;
  }

  #begin(rule: PreAlertRule, state: RuleState, event: PreAlertEvent): void {
    this.#count();
    if (this.#flood.isFlooding && event.severity === 'warning') this.#remember(rule, state, null);
    else this.#remember(rule, { ...state, announced: event }, event);
  }

  /** Passes a flood, unless nobody was told that it began. */
  #end(rule: PreAlertRule, state: RuleState, { report, endSentence }: Assessment): void {
    const { announced } = state;
    if (announced === null) {
      this.#remember(rule, state, null);
      return;
    }
    this.#count();
    const { value, minutestolimit } = report;
    const end = { value, minutestolimit, transition: 'cleared', text: endSentence(), at: this.#at } as const;
    this.#remember(rule, { ...state, announced: null }, { ...announced, ...end });
  }

  #count(): void {
    const { flood, event } = countEvent(this.#flood, this.#at);
    this.#flood = flood;
    this.#report(event);
  }

  #remember({ id }: PreAlertRule, state: RuleState, event: PreAlertEvent | null): void {
    this.#rules[id] = state;
    this.#report(event);
  }

  #report(event: PreAlertEvent | null): void {
    if (event === null) return;
    this.steps.push({ event, state: { ...this.state(), rules: { ...this.#rules } } });
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
