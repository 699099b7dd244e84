import type { PreAlertEvent } from '../../src/pre-alerts/assessment.ts';

/** On the monotonic clock, both ends included. */
export type Span = { readonly fromMs: number; readonly untilMs: number };

/** What is so again within an hour is the same heat, storm or frost. */
const SAME_WITHIN_MS = 3_600_000;

/** Joins the moments at which something was so to spans. */
export class SpanRecorder {
  #spans: readonly Span[] = [];

  get spans(): readonly Span[] {
    return this.#spans;
  }

  note(atMs: number): void {
    const last = this.#spans.at(-1);
    const isSame = last !== undefined && atMs - last.untilMs <= SAME_WITHIN_MS;
    this.#spans = isSame
      ? [...this.#spans.slice(0, -1), { fromMs: last.fromMs, untilMs: atMs }]
      : [...this.#spans, { fromMs: atMs, untilMs: atMs }];
  }
}

export type Foresight = {
  /** How long before each thing that was foreseen the warning was raised that was out when it began; least first. */
  readonly leadMinutes: readonly number[];
  /** Things that began with no warning out, or with one raised at that very moment. */
  readonly missed: number;
  /** Warnings during which nothing of the kind was so, from raising to clearing or the end. */
  readonly falseWarnings: number;
};

type Transition = Pick<PreAlertEvent, 'rule' | 'transition'> & {
  readonly at: Pick<PreAlertEvent['at'], 'monotonicMs'>;
};

/** How well a rule foresaw what was so in these spans. */
export const foresightOf = (
  events: readonly Transition[],
  reached: readonly Span[],
  rule: string,
): Foresight => {
  const warnings = warningsOf(events.filter((event) => event.rule === rule));
  const leads = reached.map(({ fromMs }) => {
    const warning = warnings.find((each) => each.fromMs < fromMs && fromMs <= each.untilMs);
    return warning === undefined ? null : (fromMs - warning.fromMs) / 60_000;
  });
  const isFalse = (warning: Span): boolean =>
    !reached.some(({ fromMs, untilMs }) => fromMs <= warning.untilMs && untilMs >= warning.fromMs);
  return {
    leadMinutes: leads.filter((lead) => lead !== null).sort((left, right) => left - right),
    missed: leads.filter((lead) => lead === null).length,
    falseWarnings: warnings.filter(isFalse).length,
  };
};

const warningsOf = (events: readonly Transition[]): readonly Span[] => {
  const warnings: Span[] = [];
  let raisedMs: number | null = null;
  for (const { transition, at } of events) {
    if (transition === 'raised') raisedMs = at.monotonicMs;
    if (transition !== 'cleared' || raisedMs === null) continue;
    warnings.push({ fromMs: raisedMs, untilMs: at.monotonicMs });
    raisedMs = null;
  }
  if (raisedMs !== null) warnings.push({ fromMs: raisedMs, untilMs: Number.POSITIVE_INFINITY });
  return warnings;
};

export const togetherOf = (each: readonly Foresight[]): Foresight => ({
  leadMinutes: each.flatMap(({ leadMinutes }) => leadMinutes).sort((left, right) => left - right),
  missed: each.reduce((sum, { missed }) => sum + missed, 0),
  falseWarnings: each.reduce((sum, { falseWarnings }) => sum + falseWarnings, 0),
});
