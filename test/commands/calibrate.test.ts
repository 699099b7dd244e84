import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from '../../src/commands/calibrate.ts';
import { createRecordingContext } from '../fakes/command-context.ts';

const GOOD = `station: { id: "1", name: A }
aws: { endpoint: localhost, certificate: /x.pem, privateKey: /x.pem }
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'calibrate-'));
});

afterAll(() => rm(folder, { recursive: true }));

const calibrate = async (operand: string, sensors: string, events = '[]') => {
  const config = join(folder, 'gateway.yaml');
  const scenario = join(folder, 'scenario.yaml');
  await writeFile(config, `${GOOD}sensors: ${sensors}\n`);
  await writeFile(scenario, `name: turn\nspeed: 30\nevents: ${events}\n`);
  const context = createRecordingContext({ stateDirectory: folder });
  const status = await command({ operands: [operand], config, simulate: true, scenario }, context);
  return { status, ...(await context.written()) };
};

describe('calibrate', () => {
  it('lists the positions of a simulated vane that is turned once round', async () => {
    const { status, out } = await calibrate('vane', '{ windVane: {} }');

    expect(status).toBe(0);
    expect(out.split('\n')).toHaveLength(20);
    expect(out).toContain('16 of the 16 positions of the table were seen: nothing is to be changed.');
  });

  it.each([
    ['rain', '{ windVane: {} }', '[]', 'calibrate needs the name of an instrument: vane'],
    ['vane', '{ bme280: {} }', '[]', 'there is no wind vane in the configuration (sensors.windVane)'],
    [
      'vane',
      '{ windVane: {} }',
      '[{ kind: openVane, fromSeconds: 0 }]',
      'there is no vane at input 0: it shows 3.300 V all the time, as an open line does',
    ],
    [
      'vane',
      '{ windVane: {} }',
      '[{ kind: busError, chip: ads1115, fromSeconds: 0 }]',
      'ADS1115 0x48: I2C 0x48 register 0x01: nothing answers',
    ],
  ])('ends with one line: %s of %s in %s', async (operand, sensors, events, line) => {
    const { status, err } = await calibrate(operand, sensors, events);

    expect(status).toBe(1);
    expect(err).toContain(`weather-gateway: ${line}`);
    expect(err.trim().split('\n')).toHaveLength(1);
  });
});
