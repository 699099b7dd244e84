import { readdirSync } from 'node:fs';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { PreAlertRule } from '../../src/config/pre-alerts-schema.ts';
import { readRecording } from '../../src/replay/recording.ts';
import type { Derived } from '../../src/weather/derived.ts';
import type { RawMeasurement, Values } from '../../src/weather/reading.ts';
import { type Cells, countsOf } from './evidence-table.ts';
import { foreseen } from './foreseen.ts';
import { foresightOf } from './foresight.ts';
import { type IsReached, type Rules, runRulesOver } from './rule-run.ts';

const folder = new URL('../quality/records/', import.meta.url);

export const RECORDS_HEAD: Cells = [
  'record',
  'rule',
  'event',
  'came',
  ...['hit', 'least / median ahead', 'missed', 'false'],
  ...['threshold: hit', 'least / median ahead', 'missed', 'false'],
];

const readingsOf = async (file: string): Promise<RawMeasurement[]> => {
  const raws: RawMeasurement[] = [];
  for await (const piece of readRecording(file, {}, Readable.from([]))) {
    if (!('items' in piece)) continue;
    for (const item of piece.items) if ('reading' in item) raws.push(item.reading.raw);
  }
  return raws;
};

/** The usual distance of two readings. */
const intervalOf = (raws: readonly RawMeasurement[]): number => {
  const steps = raws.slice(1).map(({ at }, index) => at.wallMs - (raws[index]?.at.wallMs ?? at.wallMs));
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
};

/** The rule's warning limit on the bare value: no quality control, delay or hysteresis. */
const thresholdOf = (rule: PreAlertRule): IsReached => {
  if (rule.kind === 'sensor') return () => false;
  if (rule.kind === 'rate') {
    const limit = rule.warning ?? Number.POSITIVE_INFINITY;
    return (_, { pressuretendency }) => pressuretendency !== null && pressuretendency <= -limit;
  }
  const limit = rule.kind === 'trend' ? rule.limit : (rule.warning ?? rule.alert ?? 0);
  const sign = rule.direction === 'above' ? 1 : -1;
  return (values: Values, derived: Derived) => {
    const value = { ...derived, ...values }[rule.quantity];
    return typeof value === 'number' && sign * (value - limit) >= 0;
  };
};

/** Raised and cleared at the readings at which a threshold is crossed. */
const crossings = (spans: readonly { readonly fromMs: number; readonly untilMs: number }[], rule: string) =>
  spans.flatMap(({ fromMs, untilMs }) => [
    { rule, transition: 'raised' as const, at: { monotonicMs: fromMs } },
    { rule, transition: 'cleared' as const, at: { monotonicMs: untilMs } },
  ]);

/** A row for each record and rule that had something to foresee or to say; the second half is the plain threshold's. */
export const recordRows = async (rules: Rules): Promise<readonly Cells[]> => {
  const rows: Cells[] = [];
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.csv'))) {
    const raws = await readingsOf(fileURLToPath(new URL(name, folder)));
    const intervalMs = intervalOf(raws);
    const watched = new Map<string, IsReached>();
    for (const { rule, isReached } of foreseen) {
      const config = rules.preAlerts.find(({ id }) => id === rule);
      watched.set(rule, isReached);
      if (config !== undefined) watched.set(`${rule} threshold`, thresholdOf(config));
    }
    const { events, reached } = runRulesOver(rules, raws, intervalMs, watched);
    for (const { rule, what } of foreseen) {
      const spans = reached.get(rule) ?? [];
      const foresight = foresightOf(events, spans, rule);
      const plain = foresightOf(crossings(reached.get(`${rule} threshold`) ?? [], rule), spans, rule);
      if (spans.length + foresight.falseWarnings + plain.falseWarnings === 0) continue;
      const cells = [...countsOf(foresight), ...countsOf(plain)];
      rows.push([name.replace(/\.csv$/, ''), `\`${rule}\``, what, `${spans.length}`, ...cells]);
    }
  }
  return rows;
};
