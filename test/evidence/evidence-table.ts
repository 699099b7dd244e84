import { type Foreseen, foreseen, QUIET_DAYS, QUIET_SEED } from './foreseen.ts';
import { type Foresight, foresightOf, togetherOf } from './foresight.ts';
import { type IsReached, type Rules, runRules } from './rule-run.ts';
import { quietDays } from './simulated-days.ts';

export type Cells = readonly string[];

export const HEAD: Cells = ['rule', 'foresees', 'came', 'hit', 'least / median ahead', 'missed', 'false'];

/** What a rule was worth on the days made for it. */
export const rowOf = (rules: Rules, { rule, what, isReached, days }: Foreseen): Cells => {
  const watched = new Map([[rule, isReached]]);
  const runs = days.map((day) => runRules(rules, day, watched));
  const foresight = togetherOf(
    runs.map(({ events, reached }) => foresightOf(events, reached.get(rule) ?? [], rule)),
  );
  const times = runs.map(({ reached }) => (reached.get(rule) ?? []).length);
  const came = times.reduce((sum, each) => sum + each, 0);
  const cameOn = times.filter((each) => each > 0).length;
  return [`\`${rule}\``, what, `${came}, on ${cameOn} of ${days.length} days`, ...countsOf(foresight)];
};

export const countsOf = ({ leadMinutes, missed, falseWarnings }: Foresight): Cells => {
  const [least, median] = [leadMinutes[0], leadMinutes[Math.floor(leadMinutes.length / 2)]];
  const ahead =
    least === undefined || median === undefined ? '' : `${least.toFixed(0)} / ${median.toFixed(0)} min`;
  return [`${leadMinutes.length}`, ahead, `${missed}`, `${falseWarnings}`];
};

export type QuietYear = {
  readonly rows: readonly Cells[];
  readonly readings: number;
  /** `quantity flag`, and how many readings had it. */
  readonly flags: ReadonlyMap<string, number>;
};

/** What the same rules do in a year in which nothing is arranged; of sound sensors every fault is a false one. */
export const quietYear = (rules: Rules): QuietYear => {
  const never: IsReached = () => false;
  const watched = new Map(foreseen.map(({ rule, isReached }) => [rule, isReached]));
  const { events, reached, flags, readings } = runRules(rules, quietDays(QUIET_SEED, QUIET_DAYS), watched);
  const rows = [...foreseen, { rule: 'sensor-fault', what: '', isReached: never }].map(
    ({ rule, what }): Cells => {
      const spans = reached.get(rule) ?? [];
      return [`\`${rule}\``, what, `${spans.length}`, ...countsOf(foresightOf(events, spans, rule))];
    },
  );
  return { rows, readings, flags };
};
