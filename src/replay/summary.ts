import type { PreAlertEvent } from '../pre-alerts/assessment.ts';
import { formatDuration } from '../weather/format.ts';
import { formatDatetime, type PreAlertTransition } from '../weather/message.ts';
import { type Quantity, quantities } from '../weather/quantities.ts';
import type { Measurement, Values } from '../weather/reading.ts';

type QuantitySummary = {
  /** Readings in which it has a value. */
  values: number;
  /** Fields that hold no value of it, and no sign for a missing one. */
  badFields: number;
  lowest: number | null;
  highest: number | null;
  /** The smallest change from one reading to the next. */
  resolution: number | null;
  /** How many values have each flag. */
  readonly flags: Record<string, number>;
};

type RuleSummary = {
  readonly rule: string;
  /** Readings on which it could be judged. */
  judged: number;
  readonly events: Partial<Record<PreAlertTransition, number>>;
  /** Why it could be judged on none; `null` where it could. */
  whyNever: string | null;
};

/** All a replay found. Times are UTC. */
export type Summary = {
  readonly files: readonly { readonly file: string; readonly readAs: string }[];
  readonly readings: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly stepSeconds: number | null;
  /** Times longer than one and a half steps without a reading. */
  readonly gaps: {
    readonly count: number;
    readonly seconds: number;
    readonly longestSeconds: number;
    readonly longestFrom: string | null;
  };
  readonly repeated: number;
  readonly skippedLines: number;
  readonly events: number;
  readonly quantities: Readonly<Partial<Record<Quantity, QuantitySummary>>>;
  readonly rules: readonly RuleSummary[];
};

/** Steps that are told apart: a clock that drifts makes a new one each time. */
const MAX_STEPS = 1000;

const emptyQuantity = (): QuantitySummary => ({
  values: 0,
  badFields: 0,
  lowest: null,
  highest: null,
  resolution: null,
  flags: {},
});

/** Counts what a replay finds, one reading after the other. */
export class Tally {
  readonly #quantities = new Map(quantities.map((quantity) => [quantity, emptyQuantity()]));
  readonly #configured: readonly RuleSummary[];
  /** Those of the configuration and of the guard against floods. */
  readonly #rules: Map<string, RuleSummary>;
  readonly #last: Partial<Record<Quantity, number>> = {};
  readonly #steps = new Map<number, number>();
  /** The most common step so far. */
  #usualStepMs = 0;
  readonly #gaps: { readonly fromMs: number; readonly ms: number }[] = [];
  #readings = 0;
  #events = 0;
  #fromMs = 0;
  #toMs = 0;
  repeated = 0;
  skippedLines = 0;

  constructor(rules: readonly string[]) {
    this.#configured = rules.map((rule) => ({ rule, judged: 0, events: {}, whyNever: null }));
    this.#rules = new Map(this.#configured.map((each) => [each.rule, each]));
  }

  noteBadField(quantity: Quantity): void {
    this.#of(quantity).badFields += 1;
  }

  noteReading(given: Values, { at, quality }: Measurement): void {
    const { wallMs } = at;
    if (this.#readings === 0) this.#fromMs = wallMs;
    else this.#noteStep(wallMs - this.#toMs);
    this.#toMs = wallMs;
    this.#readings += 1;
    for (const quantity of quantities) {
      const value = given[quantity] ?? null;
      if (value !== null) this.#noteValue(quantity, value);
      const flag = quality[quantity];
      if (flag !== undefined) {
        const { flags } = this.#of(quantity);
        flags[flag] = (flags[flag] ?? 0) + 1;
      }
    }
  }

  /** What came of each rule, in their order; `null` where it could not be judged. */
  noteJudged(assessments: readonly (object | null)[]): void {
    for (const [index, assessment] of assessments.entries()) {
      const rule = this.#configured[index];
      if (assessment !== null && rule !== undefined) rule.judged += 1;
    }
  }

  noteEvent({ rule, transition }: PreAlertEvent): void {
    this.#events += 1;
    const found = this.#rules.get(rule) ?? { rule, judged: 0, events: {}, whyNever: null };
    this.#rules.set(rule, found);
    found.events[transition] = (found.events[transition] ?? 0) + 1;
  }

  /** The most common time from one reading to the next, ms; `null` before the second. */
  stepMs(): number | null {
    let best: number | null = null;
    for (const [step, count] of this.#steps) {
      if (best === null || count > (this.#steps.get(best) ?? 0)) best = step;
    }
    return best;
  }

  summary(
    files: Summary['files'],
    whyNever: (rule: string, measured: ReadonlySet<Quantity>) => string | null,
  ): Summary {
    const step = this.stepMs();
    const gaps = this.#gaps.filter(({ ms }) => ms > 1.5 * (step ?? 0));
    const longest = gaps.reduce<(typeof gaps)[number] | null>(
      (found, each) => (found !== null && found.ms >= each.ms ? found : each),
      null,
    );
    const seen = [...this.#quantities].filter(
      ([, { values, badFields, flags }]) => values + badFields + Object.keys(flags).length > 0,
    );
    const measured = new Set(seen.flatMap(([quantity, { values }]) => (values > 0 ? [quantity] : [])));
    const rules = [...this.#rules.values()].map((rule) => ({
      ...rule,
      whyNever:
        rule.judged > 0 || rule.rule === 'flood'
          ? null
          : (whyNever(rule.rule, measured) ?? 'no reading had enough good values before it'),
    }));
    return {
      files,
      readings: this.#readings,
      from: this.#readings === 0 ? null : formatDatetime(this.#fromMs),
      to: this.#readings === 0 ? null : formatDatetime(this.#toMs),
      stepSeconds: step === null ? null : step / 1000,
      gaps: {
        count: gaps.length,
        seconds: gaps.reduce((sum, { ms }) => sum + ms, 0) / 1000,
        longestSeconds: (longest?.ms ?? 0) / 1000,
        longestFrom: longest === null ? null : formatDatetime(longest.fromMs),
      },
      repeated: this.repeated,
      skippedLines: this.skippedLines,
      events: this.#events,
      quantities: Object.fromEntries(seen),
      rules,
    };
  }

  #of(quantity: Quantity): QuantitySummary {
    const found = this.#quantities.get(quantity) ?? emptyQuantity();
    this.#quantities.set(quantity, found);
    return found;
  }

  #noteStep(ms: number): void {
    const step = Math.round(ms / 1000) * 1000;
    const times = (this.#steps.get(step) ?? 0) + 1;
    if (this.#steps.size < MAX_STEPS || times > 1) this.#steps.set(step, times);
    if (times > (this.#steps.get(this.#usualStepMs) ?? 0)) this.#usualStepMs = step;
    if (ms > 1.5 * this.#usualStepMs) this.#gaps.push({ fromMs: this.#toMs, ms });
  }

  #noteValue(quantity: Quantity, value: number): void {
    const found = this.#of(quantity);
    found.values += 1;
    if (found.lowest === null || value < found.lowest) found.lowest = value;
    if (found.highest === null || value > found.highest) found.highest = value;
    const last = this.#last[quantity];
    this.#last[quantity] = value;
    if (last === undefined || last === value) return;
    const change = Math.round(Math.abs(value - last) * 1e6) / 1e6;
    if (change > 0 && (found.resolution === null || change < found.resolution)) found.resolution = change;
  }
}

const count = (number: number, one: string, several = `${one}s`): string =>
  `${number} ${number === 1 ? one : several}`;

const quantityLine = (quantity: string, found: QuantitySummary): string => {
  const range = found.lowest === null ? '' : `, ${short(found.lowest)} to ${short(found.highest ?? 0)}`;
  const resolution = found.resolution === null ? '' : `, steps of ${short(found.resolution)}`;
  const flags = Object.entries(found.flags)
    .sort(([, a], [, b]) => b - a)
    .map(([flag, times]) => `${times} ${flag}`);
  const notes = [
    ...(found.badFields > 0
      ? [count(found.badFields, 'field that is no value', 'fields that are no value')]
      : []),
    ...flags,
  ];
  return `  ${quantity}: ${count(found.values, 'value')}${range}${resolution}; ${notes.length === 0 ? 'no flag' : notes.join(', ')}`;
};

/** Without the noise of binary fractions. */
const short = (value: number): string => String(Number(value.toPrecision(5)));

const ruleLine = ({ rule, events, whyNever }: RuleSummary): string => {
  const times = Object.entries(events).map(([transition, number]) => `${number} ${transition}`);
  const what = times.length === 0 ? 'no event' : times.join(', ');
  return `  ${rule}: ${whyNever === null ? what : `could not be judged: ${whyNever}`}`;
};

/** The summary for a person. */
export const summaryText = (summary: Summary): string => {
  const { readings, from, to, stepSeconds, gaps, repeated, skippedLines, events } = summary;
  const step = stepSeconds === null ? '' : `, one every ${formatDuration(stepSeconds)}`;
  const span = from === null ? '' : `, from ${from} to ${to} UTC${step}`;
  const longest = `, ${formatDuration(gaps.seconds)} in all, the longest ${formatDuration(gaps.longestSeconds)} from ${gaps.longestFrom}`;
  return [
    `${count(readings, 'reading')}${span}`,
    gaps.count === 0 ? 'no gap' : `${count(gaps.count, 'gap')}${longest}`,
    `${repeated} repeated, ${count(skippedLines, 'line')} skipped, ${count(events, 'event')}`,
    'values:',
    ...(Object.entries(summary.quantities) as [Quantity, QuantitySummary][]).map(([quantity, found]) =>
      quantityLine(quantity, found),
    ),
    'rules:',
    ...summary.rules.map(ruleLine),
    '',
  ].join('\n');
};
