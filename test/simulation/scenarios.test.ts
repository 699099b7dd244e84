import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/config/text-file.ts';
import { catalogue, instrumentsIn } from '../../src/instruments/catalogue.ts';
import { createWeatherEvents, loadScenario } from '../../src/simulation/simulated-station.ts';
import { createWeatherModel, type Weather } from '../../src/simulation/weather-model.ts';

const folder = fileURLToPath(new URL('../../config/scenarios/', import.meta.url));

const weatherOf = async (name: string): Promise<(elapsedSeconds: number) => Weather> => {
  const { scenario, problems } = await loadScenario({ scenario: join(folder, `${name}.yaml`) });
  if (scenario === undefined) throw new Error(problems.map(formatProblem).join('\n'));
  return createWeatherModel({
    seed: scenario.seed,
    startSolarMs: Date.parse(scenario.startsAt ?? '2026-05-01T12:00:00Z'),
    weatherEvents: createWeatherEvents(scenario),
  });
};

/** Every tenth second of a span. */
const during = (weatherAt: (s: number) => Weather, from: number, to: number): Weather[] =>
  Array.from({ length: (to - from) / 10 }, (_, index) => weatherAt(from + 10 * index));

describe('the scenarios as shipped', () => {
  it.each(readdirSync(folder))('%s is a good scenario', async (file) => {
    const { scenario, problems } = await loadScenario({ scenario: join(folder, file) });

    expect(problems).toBeUndefined();
    expect(scenario?.name.replaceAll(' ', '-')).toBe(file.replace('.yaml', ''));
  });

  it('heat-wave passes 40 °C and stays there', async () => {
    const weatherAt = await weatherOf('heat-wave');

    expect(weatherAt(60).temperatureC).toBeLessThan(30);
    expect(Math.min(...during(weatherAt, 960, 7200).map(({ temperatureC }) => temperatureC))).toBeGreaterThan(
      42,
    );
  });

  it('storm brings falling pressure, gusts above 90 km/h and heavy rain, and blows over', async () => {
    const weatherAt = await weatherOf('storm');

    const squall = during(weatherAt, 600, 1500);
    expect(weatherAt(0).pressureHpa - weatherAt(1500).pressureHpa).toBeGreaterThan(10);
    expect(Math.max(...squall.map(({ windMs }) => windMs)) * 3.6).toBeGreaterThan(90);
    expect(Math.max(...squall.map(({ rainMmPerHour }) => rainMmPerHour))).toBeGreaterThan(39);
    expect(weatherAt(4000).meanWindMs).toBeLessThan(12);
  });
});

describe('a scenario that changes the weather', () => {
  const usual = {
    temperatureC: 10,
    dewPointC: 5,
    seaLevelPressureHpa: 1000,
    meanWindMs: 3,
    windDirectionDegrees: 350,
    gustiness: 0.2,
    rainMmPerHour: 0,
  };
  const weatherEvents = createWeatherEvents({
    name: 'ramp',
    seed: 1,
    events: [
      { kind: 'weather', fromSeconds: 100, forSeconds: 200, rampSeconds: 100, temperatureC: 20 },
      { kind: 'weather', fromSeconds: 100, forSeconds: 200, rampSeconds: 0, windDirectionDegrees: 20 },
    ],
  });

  it.each([
    [0, 10],
    [100, 10],
    [150, 15],
    [200, 20],
    [300, 20],
    [350, 15],
    [400, 10],
    [5000, 10],
  ])('ramps up and down: after %d s it has %d °C', (elapsedSeconds, temperatureC) => {
    expect(weatherEvents(usual, elapsedSeconds).temperatureC).toBeCloseTo(temperatureC, 9);
  });

  it('turns the wind the shorter way, at once without a ramp, and leaves the rest alone', () => {
    expect(weatherEvents(usual, 99).windDirectionDegrees).toBe(350);
    expect(weatherEvents(usual, 100).windDirectionDegrees).toBe(380);
    expect(weatherEvents(usual, 300)).toMatchObject({ windDirectionDegrees: 350, meanWindMs: 3 });
  });
});

describe('loading a scenario', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'scenario-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const problemsOf = async (text: string, seed?: string): Promise<string[]> => {
    const file = join(directory, 's.yaml');
    await writeFile(file, text);
    const { problems = [] } = await loadScenario({ scenario: file, seed });
    return problems.map((problem) => formatProblem(problem).replace(`${directory}/`, ''));
  };

  it('is ordinary weather without a file', async () => {
    expect(await loadScenario({})).toEqual({
      scenario: { name: 'ordinary weather', seed: 1, events: [] },
    });
  });

  it('prefers the seed of the command line', async () => {
    const { scenario } = await loadScenario({ scenario: join(folder, 'storm.yaml'), seed: '7' });

    expect(scenario).toMatchObject({ name: 'storm', seed: 7 });
  });

  it('tells every problem of file and seed at once', async () => {
    const text = [
      'name: broken',
      'events:',
      '  - { kind: earthquake }',
      '  - { kind: busError, chip: bme208, fromSecond: 5 }',
      '  - { kind: clockStep, atSeconds: now, bySeconds: 1 }',
      'startsAt: noon',
    ].join('\n');

    const chips = instrumentsIn(catalogue).flatMap(({ chip }) => chip ?? []);
    expect(await problemsOf(text, '-1')).toEqual([
      's.yaml:3:13: events[0].kind: found "earthquake"; allowed: one of weather, busError, brownOut, ' +
        'hungBme280, bmp280, stuckVane, openVane, bounce, networkAway, clockStep',
      `s.yaml:4:29: events[1].chip: found "bme208"; allowed: one of ${chips.join(', ')}`,
      's.yaml:4:37: events[1].fromSecond: found an unknown key; allowed: kind, fromSeconds, forSeconds, ' +
        'chip, code (did you mean fromSeconds?)',
      's.yaml:5:35: events[2].atSeconds: found "now"; allowed: a number from 0 to 864000',
      's.yaml:6:11: startsAt: found "noon"; allowed: a time such as "2026-07-20T12:00:00Z"',
      '--seed: found "-1"; allowed: a whole number from 0 to 4294967295',
    ]);
  });

  it.each(['1.5', '', '4294967296', '0x10'])('refuses the seed %j', async (seed) => {
    const { problems } = await loadScenario({ seed });

    expect(problems).toMatchObject([{ file: '--seed', found: JSON.stringify(seed) }]);
  });
});
