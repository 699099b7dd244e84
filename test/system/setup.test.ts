import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { command as check } from '../../src/commands/check.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createRecordingContext } from '../fakes/command-context.ts';
import { CTRL_C, ENTER, type Step, setupOnTerminal } from './setup-terminal.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const GOOD_PEM = fileURLToPath(new URL('../commands/good.pem', import.meta.url));

const onTerminal = (config: string, steps: readonly Step[]) =>
  setupOnTerminal(['--simulate', '--config', config], steps);

/** Enter for every question but these. */
const answers = (last: Step, changed: Readonly<Record<string, string>> = {}): Step[] => {
  const questions: (readonly [string, number?])[] = [
    ['Id of the station'],
    ['Its name'],
    ['Height of the barometer'],
    ['Its time zone'],
    ['Its latitude'],
    ['Data endpoint'],
    ['BME280: .*use it'],
    ['Which kit'],
    ['Is an anemometer'],
    ['Its line'],
    ['Wind speed'],
    ['Turn the cups now'],
    ['[1-9]\\d* closures', 200],
    ['Is a rain gauge'],
    ['Its line'],
    ['Rain in one tip'],
    ['Tip the bucket now'],
    ['[1-9]\\d* closures', 200],
    ['Is a wind vane'],
    ['Its converter'],
    ['Input the vane is on'],
    ["Input that measures the vane's supply"],
    ['Turn the vane now'],
    ['positions of the table were seen'],
    ['28-0316a2798fff.*It measures'],
  ];
  return [
    ...questions.map(
      ([text, waitMs = 0]): Step => [new RegExp(text), `${changed[text] ?? ''}${ENTER}`, waitMs],
    ),
    last,
  ];
};

describe('weather-gateway setup on a terminal', () => {
  let folder: string;
  let config: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'setup-'));
    config = join(folder, 'gateway.yaml');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const checked = async (): Promise<string> => {
    const context = createRecordingContext();
    await check({ operands: [], config }, context);
    return (await context.written()).out;
  };

  it('writes a commented configuration that check accepts, and takes its answers as defaults the next time', async () => {
    const first = await onTerminal(
      config,
      answers([/Write .*gateway\.yaml/, ENTER], {
        'Id of the station': 'mast-7',
        'Its name': 'Mast at the pond',
        'Which kit': 'misol',
        "Input that measures the vane's supply": '1',
      }),
    );

    expect(first.screen).toContain('Written: ');
    expect(first.status).toBe(0);
    const said = await readFile(config, 'utf8');
    expect(said).toContain('# BCM numbers; 5 and 6 have pull-ups from power-on');
    expect((await stat(config)).mode & 0o777).toBe(0o640);
    const { config: written } = await loadConfig(config);
    expect(written?.station).toMatchObject({ id: 'mast-7', name: 'Mast at the pond' });
    expect(written?.sensors).toMatchObject({
      bme280: { address: 0x76 },
      windVane: { address: 0x48, supplyChannel: 1 },
      anemometer: { gpio: 5, kmhPerHz: 2.4 },
      rainGauge: { gpio: 6, mmPerTip: 0.3 },
      kernel: { soil: { device: '28-0316a2798fff', quantity: 'soiltemperature' } },
    });

    const again = await onTerminal(config, answers([/says all of that already/, '']));
    expect(again.screen).toContain('[mast-7]');
    expect(again.screen).toMatch(/Which kit of wind and rain is it.*\[misol\]/);
    expect(await readFile(config, 'utf8')).toBe(said);
    expect(await readdir(folder)).toEqual(['gateway.yaml']);
  });

  it('asks before it replaces a file, keeps the old one, and adds to what it finds there', async () => {
    await copyFile(GOOD_PEM, join(folder, 'good.pem'));
    const old = `# mine
station: { id: "1", name: A }
aws: { endpoint: localhost, certificate: ${folder}/good.pem, privateKey: ${folder}/good.pem }
preAlerts: []
`;
    await writeFile(config, old);
    await chmod(join(folder, 'good.pem'), 0o600);

    const declined = await onTerminal(config, answers([/Replace /, `no${ENTER}`]));
    expect(declined.status).toBe(0);
    expect(await readFile(config, 'utf8')).toBe(old);
    expect(await readFile(`${config}.new`, 'utf8')).toContain('mmPerTip: 0.2794');

    const replaced = await onTerminal(config, answers([/Replace /, ENTER]));
    expect(replaced.status).toBe(0);
    const kept = (await readdir(folder)).find((name) => /^gateway\.yaml\.\d+T\d+Z$/.test(name)) ?? '';
    expect(await readFile(join(folder, kept), 'utf8')).toBe(old);
    expect(await readFile(config, 'utf8')).toMatch(/^# mine\n/);
    expect(await checked()).toBe(`${config}: no problems\n`);
  });

  it('writes beside the file what only its owner can put right', async () => {
    const old = `station: { id: "1", name: A }
aws: { endpoint: localhost, certificate: /x.pem, privateKey: /x.pem }
preAlerts:
  - { id: warm, kind: limit, quantity: temperature, direction: above, warning: 30, hysteresis: 1, output: { gpio: 5 } }
`;
    await writeFile(config, old);

    const { screen } = await onTerminal(config, answers([/These need your hand/, ENTER]));

    expect(screen).toContain('preAlerts[0].output.gpio: found 5; allowed: a line of its own');
    expect(await readFile(config, 'utf8')).toBe(old);
    expect((await readdir(folder)).sort()).toEqual(['gateway.yaml', 'gateway.yaml.new']);
  });

  it('keeps the answers where the file cannot be written, and tries again', async () => {
    const { status, screen } = await onTerminal(config, [
      ...answers([/Write .*gateway\.yaml/, () => rm(folder, { recursive: true })], {
        'Its name': 'Mast at the pond',
      }),
      [/cannot be written: ENOENT[^\n]*\n[^\n]*Try again/, () => mkdir(folder).then(() => undefined)],
      [/Written/, ''],
    ]);

    expect(status).toBe(0);
    expect(screen).not.toMatch(/at .*\.js:\d+/);
    expect(await readFile(config, 'utf8')).toContain('Mast at the pond');
  });

  it.each([
    ['no', `no${ENTER}`],
    ['Ctrl-C', CTRL_C],
  ])('prints the configuration where it cannot be written, after %s', async (_what, typed) => {
    const { status, screen } = await onTerminal(config, [
      ...answers([/Write .*gateway\.yaml/, () => rm(folder, { recursive: true })], {
        'Its name': 'Mast at the pond',
      }),
      [/Try again/, typed],
      [/name: Mast at the pond/, ''],
    ]);
    await mkdir(folder);

    expect(status).toBe(1);
    expect(screen).toContain('Nothing was written.');
    expect(screen).not.toMatch(/at .*\.js:\d+/);
  });

  it('says in one line what it does not understand, and asks again', async () => {
    const { screen } = await onTerminal(config, [
      [/Id of the station/, `a b${ENTER}`],
      [/Please give [^\n]*\n[^\n]*Id of the station/, ENTER],
      [/Its name/, ENTER],
      [/Height/, `high${ENTER}`],
      [/Please give a number from -430 to 8850, or none\.\r\n/, CTRL_C],
    ]);

    expect(screen).not.toMatch(/at .*\.js:\d+/);
  });

  it.each([['Id of the station'], ['Turn the cups now'], ['closures'], ['Write ']])(
    'leaves nothing behind where Ctrl-C ends it at "%s"',
    async (question) => {
      const all = answers([/Write .*gateway\.yaml/, ENTER]);
      const until = all.findIndex(([shown]) => shown.source.includes(question));
      const { status, screen } = await onTerminal(config, [
        ...all.slice(0, until),
        [all[until]?.[0] ?? /never/, CTRL_C],
      ]);

      expect(status).toBe(1);
      expect(screen).toContain('Nothing was written.');
      expect(await readdir(folder)).toEqual([]);
    },
  );
});

describe('weather-gateway setup without a terminal', () => {
  it('prints what it found and ends well', async () => {
    const child = spawn(
      process.execPath,
      [MAIN, 'setup', '--simulate', '--config', '/nowhere/gateway.yaml'],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const [out, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')]);

    expect(status).toBe(0);
    expect(out).toContain('I2C 0x76  BME280: temperature, humidity, pressure');
    expect(out).toMatch(/w1 28-0316a2798fff {2}temperature: -?[\d.]+ °C/);
  });
});
