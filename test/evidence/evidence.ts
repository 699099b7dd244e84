import { readFile, writeFile } from 'node:fs/promises';
import { loadConfig } from '../../src/config/load.ts';
import { type Rules, type Run, runRules, type Warnings, warningsOf } from './lead-time.ts';
import { hotDay, quietDays, stormyDay } from './simulated-days.ts';

const root = new URL('../../', import.meta.url);
const BEGIN = '<!-- npm run evidence: begin -->';
const END = '<!-- npm run evidence: end -->';

const HOT_DAYS = 20;
const STORMS = 10;
const QUIET_DAYS = 365;

const heats = (rules: Rules): Run[] =>
  Array.from({ length: HOT_DAYS }, (_, index) =>
    runRules(rules, hotDay(index + 1, 15 + (index % 5)), ({ temperature }) => (temperature ?? 0) >= 40),
  );

const storms = (rules: Rules): Run[] =>
  Array.from({ length: STORMS }, (_, index) =>
    runRules(
      rules,
      stormyDay(index + 1, { fallHpa: 14 + index, hours: 7 + (index % 3), peakMs: 16 + index / 2 }),
      ({ windgust }) => (windgust ?? 0) >= 74,
    ),
  );

const row = (what: string, runs: readonly Run[], rule: string): string => {
  const reached = runs.filter(({ reachedMs }) => reachedMs !== null);
  const warnings = runs.map((run): Warnings => warningsOf(run, rule));
  const leads = warnings
    .flatMap(({ leadMinutes }) => (leadMinutes === null ? [] : [leadMinutes]))
    .sort((a, b) => a - b);
  const falseWarnings = warnings.reduce((sum, each) => sum + each.falseWarnings, 0);
  const at = (share: number): string =>
    (leads[Math.round(share * (leads.length - 1))] ?? Number.NaN).toFixed(0);
  return `| ${what} | ${runs.length} | ${reached.length} | ${leads.length} | ${at(0)} / ${at(0.5)} / ${at(1)} min | ${falseWarnings} |`;
};

const counted = (names: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ') || 'none';
};

const measure = async (): Promise<string> => {
  const { config } = await loadConfig(new URL('config/gateway.yaml', root).pathname);
  if (config === undefined) throw new Error('config/gateway.yaml has problems');
  const hot = heats(config);
  const stormy = storms(config);
  const quiet = runRules(config, quietDays(1, QUIET_DAYS));
  const raised = quiet.events.filter(({ transition }) => transition === 'raised');
  const flags = [...quiet.flags].map(([flag, count]) => `${flag} ${count}`).join(', ') || 'none';
  return [
    '| foreseen, by rule | simulated days | limit reached | warned before | least / median / most ahead | false warnings |',
    '| --- | --- | --- | --- | --- | --- |',
    row('40 °C, by `heat-ahead` (trend)', hot, 'heat-ahead'),
    row('40 °C, by `heat` (limit, 35 °C)', hot, 'heat'),
    row('gust of 74 km/h, by `pressure-fall` (rate)', stormy, 'pressure-fall'),
    '',
    `In a quiet simulated year (${quiet.readings} readings, sound instruments) the shipped rules were raised so often: ` +
      `${counted(raised.map(({ rule }) => rule))}. Readings with a flag: ${flags}.`,
  ].join('\n');
};

const evidence = await measure();
const readme = new URL('README.md', root);
const text = await readFile(readme, 'utf8');
const [before, rest] = text.split(BEGIN);
const [, after] = (rest ?? '').split(END);
if (after === undefined) throw new Error('README.md has no place for the evidence');
await writeFile(readme, `${before}${BEGIN}\n\n${evidence}\n\n${END}${after}`);
