import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { command } from '../../src/commands/doctor.ts';
import { isI2cBusBuilt } from '../buses/installed-packages.ts';
import { createRecordingContext } from '../fakes/command-context.ts';

const findings = z.array(
  z.object({ name: z.string(), isPassed: z.boolean(), remedy: z.string().nullable() }),
);

describe('doctor', () => {
  let directory: string;
  let config: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'doctor-'));
    config = join(directory, 'gateway.yaml');
    await writeFile(
      config,
      [
        'station: { id: "1", name: A }',
        'aws: { endpoint: 127.0.0.1, port: 1, certificate: /nowhere/c.pem, privateKey: /nowhere/c.key }',
        'sensors: { i2cBus: 99, gpioBackend: gpiomon, bme280: {} }',
        'http: { port: 1 }',
      ].join('\n'),
    );
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('gives each failing step a remedy and exits with 1', async () => {
    const context = createRecordingContext({ stateDirectory: directory });

    const status = await command({ operands: [], config }, context);

    const { out } = await context.written();
    expect(status).toBe(1);
    expect(out).toMatch(
      (await isI2cBusBuilt())
        ? /^FAIL {2}BME280: .*\(ENOENT\)\n {6}-> switch I2C on/m
        : /^FAIL {2}BME280: The package i2c-bus is not usable: .*\n {6}-> run systemd\/install.sh again/m,
    );
    expect(out).toMatch(/^FAIL {2}certificate: .*no such file.*\n {6}-> sudo weather-gateway enroll/m);
    expect(out).toMatch(/^ ok {3}disk: \d+ MB free/m);
    expect(out).toMatch(/^FAIL {2}TLS: 127\.0\.0\.1:1 refuses the connection: the port is closed\n/m);
  });

  it('tells the same as JSON', async () => {
    const context = createRecordingContext({ stateDirectory: directory });

    const status = await command({ operands: [], config, json: true }, context);

    const found = findings.parse(JSON.parse((await context.written()).out));
    expect(status).toBe(1);
    expect(found.map(({ name }) => name)).toEqual([
      'buses',
      'BME280',
      'configuration',
      'certificate',
      'secrets',
      'clock',
      'disk',
      'TLS',
      'publish',
    ]);
    expect(found.every(({ isPassed, remedy }) => isPassed === (remedy === null))).toBe(true);
  });

  it('examines nothing with a bad configuration', async () => {
    await writeFile(config, 'station: 1\n');
    const context = createRecordingContext();

    expect(await command({ operands: [], config }, context)).toBe(78);
    expect((await context.written()).err).toContain('station: found 1');
  });
});
