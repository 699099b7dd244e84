import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { command } from '../../src/commands/check.ts';
import { overlaysFileIn, writeOverlays } from '../../src/config/overlays.ts';
import { createRecordingContext } from '../fakes/command-context.ts';

const shipped = fileURLToPath(new URL('../../config/gateway.yaml', import.meta.url));

describe('check', () => {
  it('prints every problem of the default configuration and exits with 78', async () => {
    const context = createRecordingContext({ configPath: shipped, credentialsDirectory: '/nowhere' });

    const status = await command({ operands: [] }, context);

    const lines = (await readFile(shipped, 'utf8')).split('\n');
    const lineOf = (key: string): number => lines.findIndex((line) => line.trim().startsWith(`${key}:`)) + 1;
    expect(status).toBe(78);
    expect((await context.written()).out).toBe(
      `${shipped}:${lineOf('certificate')}:16: aws.certificate: found no such file at /etc/weather-gateway/device.pem; ` +
        'allowed: a PEM file with a CERTIFICATE, issued for the request that enroll makes\n' +
        `${shipped}:${lineOf('privateKey')}:15: aws.privateKey: found no such file at /nowhere/device.key; ` +
        'allowed: a PEM file with a PRIVATE KEY, made by weather-gateway enroll\n',
    );
  });

  const checkGoodFiles = async (keyMode: number, text?: string) => {
    const folder = await mkdtemp(join(tmpdir(), 'check-'));
    for (const name of ['good.yaml', 'good.pem'])
      await copyFile(new URL(name, import.meta.url), join(folder, name));
    if (text !== undefined) await writeFile(join(folder, 'good.yaml'), text.replaceAll('/x/', `${folder}/`));
    await chmod(join(folder, 'good.pem'), keyMode);
    const context = createRecordingContext();
    const status = await command({ operands: [], config: join(folder, 'good.yaml') }, context);
    await rm(folder, { recursive: true });
    return { status, folder, out: (await context.written()).out };
  };

  it('finds no problems in a good file named by --config', async () => {
    const { status, folder, out } = await checkGoodFiles(0o640);

    expect(status).toBe(0);
    expect(out).toBe(`${folder}/good.yaml: no problems\n`);
  });

  it('names what comes from afar beside what the file has, and what is not in force', async () => {
    const state = await mkdtemp(join(tmpdir(), 'check-state-'));
    const folder = await mkdtemp(join(tmpdir(), 'check-'));
    for (const name of ['good.yaml', 'good.pem'])
      await copyFile(new URL(name, import.meta.url), join(folder, name));
    await chmod(join(folder, 'good.pem'), 0o640);
    const rules = [{ id: 'a', kind: 'sensor' }];
    const values = { reporting: { intervalSeconds: 60 }, preAlerts: rules };
    await writeOverlays(state, {
      kept: null,
      trial: { id: 'a', version: 1, values, starts: 2 },
      dropped: { id: 'b', identity: '', problem: { path: 'aws', found: 'an unknown key', allowed: 'log' } },
    });
    const context = createRecordingContext({ stateDirectory: state });
    const status = await command({ operands: [], config: join(folder, 'good.yaml') }, context);
    const file = overlaysFileIn(state);
    await rm(folder, { recursive: true });
    await rm(state, { recursive: true });

    expect(status).toBe(0);
    expect((await context.written()).out.split('\n')).toEqual([
      `${file}: reporting.intervalSeconds: 60 from afar, on trial; the file has 12`,
      `${file}: preAlerts: a list of 1 from afar, on trial; the file has a list of 0`,
      `${file}: aws: not in force: found an unknown key; allowed: log`,
      expect.stringContaining('no problems'),
      '',
    ]);
  });

  it('names what will never work, with which the daemon starts all the same', async () => {
    const { status, out } = await checkGoodFiles(
      0o640,
      [
        'station: { id: "1", name: High, elevationMetres: 1500 }',
        'aws: { endpoint: localhost, certificate: /x/good.pem, privateKey: /x/good.pem }',
        'reporting: { intervalSeconds: 600 }',
        'sensors: { anemometer: { gpio: 5 }, bme280: {} }',
        'preAlerts:',
        '  - { id: gust, kind: limit, quantity: windgust, direction: above, warning: 74, hysteresis: 11 }',
        '  - { id: storm, kind: rate, quantity: windintensity, direction: rising, windowMinutes: 10, warning: 50, hysteresis: 5 }',
        '  - { id: far, kind: limit, quantity: windmaxgust, direction: above, warning: 74, alert: 500, hysteresis: 11 }',
        '  - { id: rain, kind: limit, quantity: rainhour, direction: above, warning: 20, hysteresis: 2 }',
        '  - { id: low, kind: limit, quantity: sealevelpressure, direction: below, warning: 980, hysteresis: 2 }',
        '  - { id: ahead, kind: trend, quantity: temperature, direction: above, limit: 40, minChange: 1 }',
        '  - { id: hot, kind: limit, quantity: temperature, direction: above, warning: 61, hysteresis: 1 }',
        '  - { id: faults, kind: sensor, quantities: [rainheight] }',
      ].join('\n'),
    );

    expect(status).toBe(0);
    expect(out.split('\n').map((line) => line.replace(/^\S*good\.yaml:/, ''))).toEqual([
      '1:50: station.elevationMetres: sea-level pressure is not computed above 750 m and stays null: it would say more of the air that is assumed below the station than of the pressure that is measured',
      expect.stringMatching(/^8:5: preAlerts\[2\]: the rule far can never be raised: 500 km\/h is outside/),
      '9:5: preAlerts[3]: the rule rain can never be raised: nothing measures rain',
      '10:5: preAlerts[4]: the rule low can never be raised: sea-level pressure is not computed above 750 m',
      expect.stringMatching(
        /^11:5: preAlerts\[5\]: the rule ahead can never be raised: its window of 20 min/,
      ),
      expect.stringMatching(/^12:5: preAlerts\[6\]: the rule hot can never be raised: 61 °C is outside/),
      '13:5: preAlerts[7]: the rule faults can never be raised: nothing measures any of its quantities',
      ' no problems',
      '',
    ]);
  });

  it('says when no sensor is listed', async () => {
    const { status, out } = await checkGoodFiles(
      0o640,
      'station: { id: "1", name: Bare }\naws: { endpoint: localhost, certificate: /x/good.pem, privateKey: /x/good.pem }\n',
    );

    expect(status).toBe(0);
    expect(out).toContain('sensors: no sensor is listed');
  });

  it('names a key that every user can read', async () => {
    const { status, folder, out } = await checkGoodFiles(0o644);

    expect(status).toBe(78);
    expect(out).toBe(
      `${folder}/good.pem: found a secret that every user can read; ` +
        `allowed: a file closed to others (chmod o= ${folder}/good.pem)\n`,
    );
  });
});
