import type { PreAlertTransition } from '../weather/message.ts';
import type { Assessment, PreAlertEvent, Severity } from './assessment.ts';

/**
 * Where a rule stands: normal → pending (on-delay) → active → clearing (off-delay) → normal. All times are durations,
 * so that the state means the same after a reboot, when the monotonic clock begins anew.
 */
export type RuleState = {
  readonly phase: 'normal' | 'pending' | 'active' | 'clearing';
  /** The worst it was since it was raised; `null` while it is not active. */
  readonly severity: Severity | null;
  readonly subjects: readonly string[];
  /** How long it has been pending or clearing. */
  readonly heldMs: number;
  /** How long it has been worse than when it was raised; `null` while it is not. */
  readonly worseMs: number | null;
  /** Since the last event of any kind while active: the next reminder goes by it. */
  readonly quietMs: number;
  /** Since it was raised and cleared, the newest last, as far back as chatter is judged. */
  readonly changeAgesMs: readonly number[];
  /** Since it was last raised or cleared; `null` if never. */
  readonly sinceChangeMs: number | null;
  readonly isChattering: boolean;
  /** The last event that went out while active; `null` when a flood held it back. */
  readonly announced: PreAlertEvent | null;
};

export const restingState: RuleState = {
  phase: 'normal',
  severity: null,
  subjects: [],
  heldMs: 0,
  worseMs: null,
  quietMs: 0,
  changeAgesMs: [],
  sinceChangeMs: null,
  isChattering: false,
  announced: null,
};

export type Timing = {
  readonly onDelayMs: number;
  readonly offDelayMs: number;
  /** 0 is never. */
  readonly reminderMs: number;
  readonly minIntervalMs: number;
};

export type Passed = {
  /** Since the previous evaluation. */
  readonly sinceMs: number;
  /** How much of that was observed: what nobody saw cannot satisfy a delay. */
  readonly observedMs: number;
};

type Advance = { readonly state: RuleState; readonly transition: PreAlertTransition | null };

/** More than three changes in ten minutes are chatter (EEMUA 191 speaks of repeating alarms) ... */
const CHATTER_CHANGES = 3;
const CHATTER_WINDOW_MS = 600_000;
/** ... until it has been quiet for an hour. */
const CHATTER_QUIET_MS = 3_600_000;
const CHATTER_MIN_DELAY_MS = 60_000;

/** One step of the state machine. Without an assessment the rule stays as it is: what is not known changes nothing. */
export const advance = (
  before: RuleState,
  assessment: Assessment | null,
  { timing, passed }: { readonly timing: Timing; readonly passed: Passed },
): Advance => {
  const state = aged(before, passed.sinceMs);
  if (assessment === null) return { state, transition: null };
  const step = { assessment, timing, observedMs: passed.observedMs };
  return state.severity === null ? whileInactive(state, step) : whileActive(state, state.severity, step);
};

type Step = { readonly assessment: Assessment; readonly timing: Timing; readonly observedMs: number };

const aged = (state: RuleState, sinceMs: number): RuleState => {
  // Before the first change nothing ages.
  if (state.sinceChangeMs === null) return state;
  const sinceChangeMs = state.sinceChangeMs + sinceMs;
  const { phase, severity, subjects, heldMs, worseMs, quietMs, changeAgesMs, announced } = state;
  return {
    phase,
    severity,
    subjects,
    heldMs,
    worseMs,
    quietMs: quietMs + sinceMs,
    changeAgesMs: agedWithin(changeAgesMs, sinceMs, CHATTER_WINDOW_MS),
    sinceChangeMs,
    isChattering: state.isChattering && sinceChangeMs < CHATTER_QUIET_MS,
    announced,
  };
};

/** What happened so long ago, after `sinceMs` more, without what is now older than the window. */
export const agedWithin = (
  agesMs: readonly number[],
  sinceMs: number,
  windowMs: number,
): readonly number[] =>
  agesMs.length === 0 ? agesMs : agesMs.map((ageMs) => ageMs + sinceMs).filter((ageMs) => ageMs < windowMs);

const isTooSoon = ({ sinceChangeMs }: RuleState, { minIntervalMs }: Timing): boolean =>
  sinceChangeMs !== null && sinceChangeMs < minIntervalMs;

/** Raised or cleared: counts towards chatter. */
const changed = (state: RuleState): RuleState => {
  const changeAgesMs = [...state.changeAgesMs, 0];
  return {
    ...state,
    heldMs: 0,
    worseMs: null,
    quietMs: 0,
    changeAgesMs,
    sinceChangeMs: 0,
    isChattering: state.isChattering || changeAgesMs.length > CHATTER_CHANGES,
  };
};

const whileInactive = (state: RuleState, { assessment, timing, observedMs }: Step): Advance => {
  const { raise, subjects } = assessment;
  if (raise === null) {
    const isResting = state.phase === 'normal' && state.heldMs === 0;
    return { state: isResting ? state : { ...state, phase: 'normal', heldMs: 0 }, transition: null };
  }
  const heldMs = state.phase === 'pending' ? state.heldMs + observedMs : 0;
  if (heldMs < timing.onDelayMs || isTooSoon(state, timing)) {
    return { state: { ...state, phase: 'pending', heldMs }, transition: null };
  }
  return { state: { ...changed(state), phase: 'active', severity: raise, subjects }, transition: 'raised' };
};

const whileActive = (state: RuleState, severity: Severity, step: Step): Advance => {
  const { raise, holds } = step.assessment;
  return raise !== null || holds ? stay(state, severity, step) : recover(state, step);
};

const recover = (state: RuleState, { timing, observedMs }: Step): Advance => {
  const heldMs = state.phase === 'clearing' ? state.heldMs + observedMs : 0;
  const offDelayMs = state.isChattering
    ? 2 * Math.max(timing.offDelayMs, CHATTER_MIN_DELAY_MS)
    : timing.offDelayMs;
  if (heldMs < offDelayMs || isTooSoon(state, timing)) {
    return { state: { ...state, phase: 'clearing', heldMs, worseMs: null }, transition: null };
  }
  return {
    state: { ...changed(state), phase: 'normal', severity: null, subjects: [] },
    transition: 'cleared',
  };
};

const stay = (before: RuleState, severity: Severity, { assessment, timing, observedMs }: Step): Advance => {
  const { raise, subjects } = assessment;
  const state: RuleState = { ...before, phase: 'active', heldMs: 0 };
  const isWorse =
    (raise === 'alert' && severity === 'warning') || subjects.some((each) => !state.subjects.includes(each));
  const worseMs = isWorse ? (state.worseMs === null ? 0 : state.worseMs + observedMs) : null;
  if (worseMs !== null && worseMs >= timing.onDelayMs) {
    const worst: RuleState = {
      ...state,
      severity: raise === 'alert' ? raise : severity,
      subjects: [...new Set([...state.subjects, ...subjects])],
      worseMs: null,
      quietMs: 0,
    };
    return { state: worst, transition: 'escalated' };
  }
  if (timing.reminderMs > 0 && state.quietMs >= timing.reminderMs) {
    return { state: { ...state, worseMs, quietMs: 0 }, transition: 'reminder' };
  }
  return { state: { ...state, worseMs }, transition: null };
};
