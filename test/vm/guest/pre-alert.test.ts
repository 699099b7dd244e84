import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { burstOf, typicalCoefficients } from '../../../src/instruments/bme280/simulated.ts';
import { openOutbox } from '../../../src/outbox/open-outbox.ts';
import { timeOf } from '../../../src/uplink/outgoing.ts';
import { coefficientBlocks, workedExample } from '../../fakes/bme280.ts';
import { createRecordingLog } from '../../fakes/log.ts';

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
/** Switched on by the high level, and by the low one. */
const LAMP = 17;
const RELAY = 27;

const bytes = (values: Uint8Array): string[] => [...values].map(String);

/** The static chip at 0x76 reads 25.1 °C, as in the datasheet's worked example. */
const warmAir = async (): Promise<void> => {
  const { calib00, calib26 } = coefficientBlocks(typicalCoefficients);
  const burst = burstOf(workedExample);
  const set = (...args: string[]) => run('i2cset', ['-y', '0', '0x76', ...args]);
  await set('0xd0', '0x60');
  await set('0x88', ...bytes(calib00), 'i');
  await set('0xe1', ...bytes(calib26), 'i');
  await set('0xf7', ...bytes(burst), 'i');
};

const warm = (id: string, output: object) => ({
  ...{ id, kind: 'limit', quantity: 'temperature', direction: 'above', alert: 20, hysteresis: 1 },
  ...{ onDelaySeconds: 0, output },
});

const configuration = (folder: string, gpioBackend: string) => ({
  station: { id: 'vm', name: 'VM' },
  aws: { endpoint: 'localhost', port: 9, certificate: '/nowhere.pem', privateKey: '/nowhere.key' },
  reporting: { intervalSeconds: 1 },
  outbox: { directory: join(folder, 'state') },
  sensors: { i2cBus: 0, gpioBackend, bme280: {} },
  preAlerts: [warm('outputLine', { gpio: LAMP }), warm('relay', { gpio: RELAY, activeLow: true })],
  http: { port: 0 },
});

/** Electrical levels of outputLine and relay. */
const levels = async (): Promise<string> => {
  const level = async (line: number): Promise<string> =>
    (await readFile(`/sys/devices/platform/gpio-sim.0/gpiochip0/sim_gpio${line}/value`, 'utf8')).trim();
  return `${await level(LAMP)} ${await level(RELAY)}`;
};
const ON = '1 0';
const OFF = '0 1';

const levelsBecome = (wanted: string): Promise<void> =>
  expect.poll(levels, { timeout: 60_000, interval: 100 }).toBe(wanted);

const eventsIn = async (directory: string): Promise<unknown[]> => {
  const { outbox, store } = await openOutbox({
    directory,
    maxBytes: 100_000_000,
    log: createRecordingLog(),
    wallMs: () => Date.now(),
    timeOf,
  });
  const batch = await outbox.take('prealert', { maxRecords: 100, maxBytes: 1_000_000 });
  await outbox.close();
  await store.close();
  return (batch?.records ?? []).map(({ body }) => body);
};

describe.each(['gpiomon', 'onoff'])('the outputs of pre-alerts of the built daemon, with %s', (backend) => {
  let folder: string;
  let config: string;
  let daemon: ChildProcess | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pre-alert-'));
    config = join(folder, 'gateway.yaml');
    await writeFile(config, JSON.stringify(configuration(folder, backend)));
    await warmAir();
  });
  afterEach(async () => {
    daemon?.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  const start = (): void => {
    daemon = spawn(process.execPath, [MAIN, 'run', '--config', config], { stdio: 'inherit' });
  };
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (daemon === undefined) throw new Error('not started');
    const exited = once(daemon, 'exit');
    daemon.kill(signal);
    await exited;
  };

  it('are on while it lives, off after a kill -9 and after a stop, and nothing is raised twice', async () => {
    start();
    await levelsBecome(ON);
    await delay(2_000);
    await end('SIGKILL');
    await levelsBecome(OFF);

    start();
    await levelsBecome(ON);
    await end('SIGTERM');
    expect(await levels()).toBe(OFF);

    expect(await eventsIn(join(folder, 'state'))).toMatchObject([
      { rule: 'outputLine', transition: 'raised' },
      { rule: 'relay', transition: 'raised' },
    ]);
  }, 240_000);
});
