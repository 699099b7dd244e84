import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { type Rules, runRules, warningsOf } from './lead-time.ts';
import { hotDay, quietDays, stormyDay } from './simulated-days.ts';

const shipped = async (): Promise<Rules> => {
  const { config } = await loadConfig(new URL('../../config/gateway.yaml', import.meta.url).pathname);
  if (config === undefined) throw new Error('config/gateway.yaml has problems');
  return config;
};

const eachMinute = { intervalSeconds: 60 };

// A sample of what `npm run evidence` measures for the README.
describe('the shipped rules', { timeout: 120_000 }, () => {
  it('warn of 40 °C a quarter of an hour ahead at least, and without a false warning', async () => {
    const run = runRules(
      await shipped(),
      { ...hotDay(3, 17), ...eachMinute },
      ({ temperature }) => (temperature ?? 0) >= 40,
    );

    for (const rule of ['heat', 'heat-ahead']) {
      expect(warningsOf(run, rule)).toEqual({ leadMinutes: expect.any(Number), falseWarnings: 0 });
      expect(warningsOf(run, rule).leadMinutes).toBeGreaterThan(15);
    }
  });

  it('warn of the gusts of a storm an hour ahead at least', async () => {
    const storm = { ...stormyDay(4, { fallHpa: 20, hours: 8, peakMs: 20 }), ...eachMinute };
    const run = runRules(await shipped(), storm, ({ windgust }) => (windgust ?? 0) >= 74);

    expect(warningsOf(run, 'pressure-fall').leadMinutes).toBeGreaterThan(60);
  });

  it('doubt nothing that sound instruments measure in quiet days', async () => {
    const { events, flags } = runRules(await shipped(), quietDays(1, 4));

    expect(events.filter(({ kind }) => kind === 'sensor' || kind === 'trend')).toEqual([]);
    expect([...flags.keys()].filter((flag) => /missing|failed|stuck|frozen|still/.test(flag))).toEqual([]);
  });
});
