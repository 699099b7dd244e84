import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  canonicalJson,
  dropTrial,
  identityOf,
  identityOfOverlay,
  loadMerged,
  loadStationConfig,
  noOverlays,
  type Overlays,
  overlaysFileIn,
  startStationConfig,
  writeOverlays,
} from '../../src/config/overlays.ts';

const OWN = [
  'station: { id: "1", name: One }',
  'aws: { endpoint: localhost, certificate: /x/device.pem, privateKey: credential:device.key }',
  'sensors: { anemometer: { gpio: 5 } }',
  'preAlerts: [{ id: heat, kind: sensor, output: { gpio: 17 } }]',
].join('\n');

const overlay = (values: Record<string, unknown>, id = 'a') => ({ id, version: 7, values });
const trialOf = (values: Record<string, unknown>, starts = 0, id = 'b') => ({
  ...overlay(values, id),
  starts,
});

describe('configuration from afar, at the start of the daemon', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'overlays-'));
    file = join(folder, 'gateway.yaml');
    await writeFile(file, OWN);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const start = async (isStart = true) => {
    const load = isStart ? startStationConfig : loadStationConfig;
    const loaded = await load(file, { stateDirectory: folder, credentialsDirectory: '/run/cred' });
    if (loaded.problems !== undefined) throw new Error(loaded.problems.map(({ key }) => key).join());
    return loaded;
  };
  const remember = (state: Partial<Overlays>): Promise<void> =>
    writeOverlays(folder, { ...noOverlays, ...state });
  const remembered = async (): Promise<Overlays> =>
    JSON.parse(await readFile(overlaysFileIn(folder), 'utf8'));

  it('is the file alone where nothing came, and nothing is written', async () => {
    const { config, own, inForce, overlays } = await start();

    expect(inForce).toBe('own');
    expect(config).toBe(own);
    expect(overlays).toEqual(noOverlays);
    await expect(remembered()).rejects.toThrow('ENOENT');
  });

  it('goes before the file, which stays what it was, and is checked whole with it', async () => {
    await remember({
      kept: overlay({ reporting: { intervalSeconds: 60 }, sensors: { anemometer: { kmhPerHz: 3 } } }),
    });

    const { config, own, inForce } = await start();

    expect(inForce).toBe('kept');
    expect(config.reporting.intervalSeconds).toBe(60);
    expect(config.sensors).toMatchObject({ anemometer: { gpio: 5, kmhPerHz: 3 } });
    expect(config.aws.privateKey).toBe('/run/cred/device.key');
    expect(own.reporting.intervalSeconds).toBe(12);
    expect(await readFile(file, 'utf8')).toBe(OWN);
  });

  it('keeps the output of a rule, and has none of its own', async () => {
    await remember({ kept: overlay({ preAlerts: [{ id: 'heat', kind: 'sensor', readings: 9 }] }) });

    expect((await start()).config.preAlerts).toMatchObject([
      { id: 'heat', readings: 9, output: { gpio: 17 } },
    ]);
  });

  it('is counted while it is on trial, start by start, and goes after five', async () => {
    const kept = overlay({ log: { level: 'warn' } });
    await remember({ kept, trial: trialOf({ log: { level: 'debug' } }) });
    for (let starts = 1; starts <= 5; starts += 1) {
      const { inForce, config } = await start();
      expect([inForce, config.log.level]).toEqual(['trial', 'debug']);
      expect((await remembered()).trial?.starts).toBe(starts);
    }

    const { inForce, config, overlays } = await start();

    expect([inForce, config.log.level]).toEqual(['kept', 'warn']);
    expect(overlays).toEqual(await remembered());
    expect(overlays).toMatchObject({
      kept,
      trial: null,
      dropped: { id: 'b', problem: { found: expect.stringContaining('5 starts') } },
    });
  });

  it('is only looked at by other commands', async () => {
    await remember({ trial: trialOf({ log: { level: 'debug' } }, 2) });

    expect((await start(false)).inForce).toBe('trial');
    expect((await remembered()).trial?.starts).toBe(2);
  });

  it.each([
    [
      'a key that this release does not know',
      { quality: { newLimit: 1 } },
      'quality.newLimit',
      'an unknown key',
    ],
    ['a value out of range', { reporting: { intervalSeconds: 0 } }, 'reporting.intervalSeconds', '0'],
    ['what no sender may change', { aws: { endpoint: 'evil' } }, 'aws', 'an unknown key'],
    ['a sensor that is not there', { sensors: { bme280: {} } }, 'sensors.bme280', 'a sensor that'],
    [
      'what is wrong only with the file',
      { sensors: { anemometer: { lockoutMilliseconds: 50, kmhPerHz: 1 } } },
      'sensors.anemometer.lockoutMilliseconds',
      '50 ms',
    ],
  ])('is dropped with path, found and allowed: %s', async (_what, values, path, found) => {
    await remember({ kept: overlay({ log: { level: 'warn' } }), trial: trialOf(values) });

    const { inForce, overlays } = await start();

    expect(inForce).toBe('kept');
    expect(overlays.dropped).toMatchObject({
      id: 'b',
      problem: { path, found: expect.stringContaining(found), allowed: expect.stringMatching(/./) },
    });
    expect(await remembered()).toEqual(overlays);
    // Nothing more happens at the next start.
    expect((await start()).overlays).toEqual(overlays);
  });

  it('is dropped also when it was kept, once the file has changed so that both do not agree', async () => {
    await remember({ kept: overlay({ sensors: { anemometer: { kmhPerHz: 3 } } }) });
    await writeFile(file, OWN.replace('anemometer: { gpio: 5 }', 'bme280: {}'));

    const { inForce, overlays } = await start();

    expect(inForce).toBe('own');
    expect(overlays).toMatchObject({
      kept: null,
      dropped: { id: 'a', problem: { path: 'sensors.anemometer' } },
    });
  });

  it('does not hide what is wrong with the file itself', async () => {
    await remember({ kept: overlay({ reporting: { intervalSeconds: 60 } }) });
    await writeFile(file, `${OWN}\nreporting: { intervalSeconds: 0 }`);

    await expect(start()).rejects.toThrow('reporting.intervalSeconds');
  });

  it('is not in force where the station wants none', async () => {
    await remember({
      kept: overlay({ log: { level: 'debug' } }),
      trial: trialOf({ log: { level: 'warn' } }),
    });
    await writeFile(file, OWN.replace('endpoint:', 'remoteConfiguration: false, endpoint:'));
    const before = await remembered();

    expect((await start()).inForce).toBe('own');
    expect(await remembered()).toEqual(before);
  });

  it.each([
    ['no JSON', '{"kept":'],
    ['another form', '{"kept":5}'],
    ['too much', JSON.stringify({ ...noOverlays, more: 'x'.repeat(70_000) })],
  ])('is as none, and says so, when its file is damaged: %s', async (_what, text) => {
    await writeFile(overlaysFileIn(folder), text);

    const { inForce, overlays } = await start();

    expect(inForce).toBe('own');
    expect(overlays.dropped?.problem.found).toContain('could not be read');
  });

  it('waits where the disk takes nothing, as nobody could count the starts', async () => {
    await remember({
      kept: overlay({ log: { level: 'warn' } }),
      trial: trialOf({ log: { level: 'debug' } }),
    });
    // A draft that is a folder cannot be written, by root neither.
    await mkdir(`${overlaysFileIn(folder)}.draft`);

    const blocked = await start().catch((error: unknown) => error);

    expect(blocked).toMatchObject({ inForce: 'kept', config: { log: { level: 'warn' } } });
    expect((await remembered()).trial?.starts).toBe(0);
  });

  it('is checked before it is written, against the file as it is now', async () => {
    expect((await loadMerged(file, { log: { level: 'debug' } })).config?.log.level).toBe('debug');
    expect((await loadMerged(file, { log: { level: 'loud' } })).problem).toEqual({
      path: 'log.level',
      found: '"loud"',
      allowed: 'one of debug, info, warn, error',
    });
    await writeFile(file, 'station: {}');
    expect((await loadMerged(file, {})).problem?.path).toBe('station.id');
  });

  it('is told from another one by what was sent, whatever the order of its keys', () => {
    const sent = [{ id: 'a', values: { b: 1, a: { d: [1, { f: 1, e: 2 }], c: null } } }];
    const turned = [{ values: { a: { c: null, d: [1, { e: 2, f: 1 }] }, b: 1 }, id: 'a' }];

    expect(canonicalJson(sent)).toBe(canonicalJson(turned));
    expect(identityOf(sent)).toBe(identityOf(turned));
    expect(identityOf(sent)).toBe(identityOfOverlay({ id: 'a', values: turned[0]?.values ?? {} }));
    expect(identityOf(sent)).not.toBe(identityOf([{ ...sent[0], id: 'b' }]));
    expect(canonicalJson(undefined)).toBe('');
    expect(dropTrial(noOverlays, { path: '', found: '', allowed: '' })).toBe(noOverlays);
  });
});
