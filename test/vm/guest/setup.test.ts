import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { command as check } from '../../../src/commands/check.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { shareOf, USUAL_POSITIONS } from '../../../src/instruments/wind-vane/vane.ts';
import { createRecordingContext } from '../../fakes/command-context.ts';
import { ENTER, type Step, setupOnTerminal } from '../../system/setup-terminal.ts';
import { registers } from '../station-files.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const GOOD_PEM = fileURLToPath(new URL('../../commands/good.pem', import.meta.url));
const CUPS = 13;
const BUCKET = 6;

const setRegister = (line: string) => run('i2cset', ['-y', '0', ...line.split(' ')]);

const setWord = (register: number, value: number) =>
  // The high byte comes first on the wire.
  setRegister(`0x48 ${register} ${((value & 0xff) << 8) | (value >> 8)} w`);

/** As it is after power-on. */
const ADS1115_CONFIG = { register: 1, atRest: 0x8583 };
const VOLTS_PER_COUNT = 4.096 / 32_768;

/** The vane at a position, with the usual resistor and supply. */
const pointTo = (directionDegrees: number) => {
  const position = USUAL_POSITIONS.find((each) => each.directionDegrees === directionDegrees);
  const share = shareOf(position?.ohms ?? Number.NaN, { side: 'low', resistorOhms: 10_000 });
  return setWord(0, Math.round((share * 3.3) / VOLTS_PER_COUNT));
};

const pull = (line: number, direction: 'up' | 'down') =>
  writeFile(`/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio${line}/pull`, `pull-${direction}`);

/** Closes a contact so many times, slower than any bounce. */
const close = async (line: number, times: number): Promise<void> => {
  for (let time = 0; time < times; time += 1) {
    await pull(line, 'down');
    await delay(50);
    await pull(line, 'up');
    await delay(250);
  }
  // Shown four times a second
  await delay(1_000);
};

const turnVane = async (): Promise<void> => {
  for (const directionDegrees of [0, 90, 180]) {
    await pointTo(directionDegrees);
    await delay(2_000);
  }
};

let folder: string;
let config: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'setup-'));
  config = join(folder, 'gateway.yaml');
  await copyFile(GOOD_PEM, join(folder, 'good.pem'));
  await chmod(join(folder, 'good.pem'), 0o600);
  // The shipped one names bus 1.
  const aws = `{ endpoint: localhost, certificate: ${folder}/good.pem, privateKey: ${folder}/good.pem }`;
  const sensors = '{ i2cBus: 0, gpioBackend: auto }';
  await writeFile(
    config,
    `# the pond\nstation: { id: "1", name: A }\naws: ${aws}\nsensors: ${sensors}\npreAlerts: []\n`,
  );
  for (const line of registers()) await setRegister(line);
  await setWord(ADS1115_CONFIG.register, ADS1115_CONFIG.atRest);
});
afterEach(() => rm(folder, { recursive: true }));

const accepted = async (): Promise<string> => {
  const context = createRecordingContext();
  await check({ operands: [], config }, context);
  return (await context.written()).out;
};

it('prints what answers at the buses where there is no terminal', async () => {
  const { stdout } = await run(process.execPath, [MAIN, 'setup', '--config', config]);

  expect(stdout).toContain('I2C 0x48  ADS1115 or ADS1015: converter for the wind vane');
  expect(stdout).toContain('I2C 0x76  BME280: temperature, humidity, pressure');
  expect(stdout.match(/I2C 0x/g)).toHaveLength(2);
});

it('counts closures, follows the vane, and writes what check accepts', async () => {
  const steps: readonly Step[] = [
    ...[
      /Id of the station/,
      /Its name/,
      /Height of the/,
      /Its time zone/,
      /Its latitude/,
      /Data endpoint/,
    ].map((shown): Step => [shown, ENTER]),
    [/BME280: .*at 0x76: use it/, ENTER],
    [/Which kit/, ENTER],
    [/Is an anemometer/, `yes${ENTER}`],
    [/Its line/, `pin 33${ENTER}`],
    [/Wind speed/, ENTER],
    [/Turn the cups now/, ENTER],
    [/BCM 13 \(pin 33\): 0 closures(?!;)/, () => close(CUPS, 7)],
    [/Is a rain gauge/, `yes${ENTER}`],
    [/Its line/, ENTER],
    [/Rain in one tip/, ENTER],
    [/Tip the bucket now/, ENTER],
    [/BCM 6 \(pin 31\): 0 closures(?!;)/, () => close(BUCKET, 3)],
    [/Is a wind vane/, ENTER],
    [/Its converter.*\[0x48\]/, ENTER],
    [/Input the vane is on/, ENTER],
    [/Input that measures the vane's supply/, ENTER],
    [/Turn the vane now/, ENTER],
    [/Point the vane to the north/, turnVane],
    [/Replace .*gateway\.yaml/, ENTER],
  ];

  const { screen, status } = await setupOnTerminal(['--config', config], steps);

  expect(status, screen).toBe(0);
  const counted = (line: number): number =>
    Math.max(
      ...[...screen.matchAll(/BCM (\d+) \(pin \d+\): (\d+)/g)].map((at) =>
        Number(at[1]) === line ? Number(at[2]) : 0,
      ),
    );
  expect({ cups: counted(CUPS), bucket: counted(BUCKET) }).toEqual({ cups: 7, bucket: 3 });
  for (const direction of ['0°', '90°', '180°']) expect(screen).toContain(` ${direction} of the table`);
  const { config: written } = await loadConfig(config);
  expect(written?.sensors).toMatchObject({
    i2cBus: 0,
    bme280: { address: 0x76 },
    windVane: { address: 0x48, channel: 0 },
    anemometer: { gpio: CUPS, kmhPerHz: 2.4 },
    rainGauge: { gpio: BUCKET, mmPerTip: 0.2794 },
  });
  expect(await readFile(config, 'utf8')).toMatch(/^# the pond\n/);
  expect(await accepted()).toBe(`${config}: no problems\n`);
}, 240_000);
