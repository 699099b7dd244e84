import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { readMarkedPart } from '../docs/marked-part.ts';
import { evidencePart, root } from '../docs/pages.ts';
import { type Cells, rowOf } from './evidence-table.ts';
import { foreseen } from './foreseen.ts';
import { foresightOf } from './foresight.ts';
import { type IsReached, type Rules, runRules } from './rule-run.ts';
import { hotDay, quietDays, type SimulatedReadings, stormyDay } from './simulated-days.ts';

const shipped = async (): Promise<Rules> => {
  const { config } = await loadConfig(fileURLToPath(new URL('config/gateway.yaml', root)));
  if (config === undefined) throw new Error('config/gateway.yaml has problems');
  return config;
};

const eachMinute = { intervalSeconds: 60 };

const onDay = (rules: Rules, day: SimulatedReadings, isReached: IsReached) => {
  const { events, reached } = runRules(rules, day, new Map([['it', isReached]]));
  return (rule: string) => foresightOf(events, reached.get('it') ?? [], rule);
};

// A sample of what `npm run evidence` measures for docs/quality-and-alerts.md.
describe('the shipped rules', () => {
  it('warn of 40 °C a quarter of an hour ahead at least, and without a false warning', async () => {
    const day = { ...hotDay(3, 17), ...eachMinute };
    const foresight = onDay(await shipped(), day, ({ temperature }) => (temperature ?? 0) >= 40);

    for (const rule of ['heat', 'heat-ahead']) {
      expect(foresight(rule)).toEqual({ leadMinutes: [expect.any(Number)], missed: 0, falseWarnings: 0 });
      expect(foresight(rule).leadMinutes[0]).toBeGreaterThan(15);
    }
  });

  it('warn of the gusts of a storm an hour ahead at least', async () => {
    const storm = { ...stormyDay(4, { fallHpa: 20, hours: 8, peakMs: 20 }), ...eachMinute };
    const foresight = onDay(await shipped(), storm, ({ windgust }) => (windgust ?? 0) >= 74);

    expect(foresight('pressure-fall').leadMinutes[0]).toBeGreaterThan(60);
  });

  it('doubt nothing that sound instruments measure in quiet days', async () => {
    const { events, flags } = runRules(await shipped(), quietDays(1, 4));

    expect(events.filter(({ kind }) => kind === 'sensor' || kind === 'trend')).toEqual([]);
    expect([...flags.keys()].filter((flag) => /missing|failed|stuck|frozen|still/.test(flag))).toEqual([]);
  });
});

describe('the table in docs/quality-and-alerts.md', () => {
  const rowsOfPage = async (): Promise<readonly Cells[]> =>
    (await readMarkedPart(evidencePart))
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );

  it('has what the command measures: the quickest of its rows', async () => {
    const rain = foreseen.filter(({ rule }) => rule === 'heavy-rain');
    const rules = await shipped();

    expect(await rowsOfPage()).toEqual(expect.arrayContaining(rain.map((each) => rowOf(rules, each))));
  });

  it('has a row for each shipped rule, on days made for it and in a quiet year', async () => {
    const { preAlerts } = await shipped();
    const rules = (await rowsOfPage()).map(([rule]) => rule);

    for (const { id, kind } of preAlerts) {
      const rows = rules.filter((rule) => rule === `\`${id}\``);
      expect(rows, id).toHaveLength(kind === 'sensor' ? 1 : 2);
    }
  });
});
