import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import {
  checkRemoteValues,
  MAX_REMOTE_BYTES,
  mergeRemoteValues,
  remotePartOf,
  remoteValuesIn,
} from '../../src/config/remote-part.ts';
import { formatProblem } from '../../src/config/text-file.ts';

const check = (text: string, base?: unknown) => checkRemoteValues({ file: 'new.yaml', text, base });
const problemsOf = (text: string, base?: unknown): string[] =>
  (check(text, base).problems ?? []).map(formatProblem);

describe('the part of a configuration that may be changed from afar', () => {
  it('is intervals, corrections, quality limits, pre-alerts and log level, as they are written', () => {
    const text = [
      'reporting: { sendSeconds: 240 }',
      'sensors:',
      '  bme280: { calibration: { temperature: { offsetCelsius: -0.4 } } }',
      '  windVane: { northOffsetDegrees: 12 }',
      '  anemometer: { kmhPerHz: 2.5 }',
      '  rainGauge: { mmPerTip: 0.2 }',
      '  kernel: { soil: { offset: 1 } }',
      'quality: { stuckMinutes: 90 }',
      'preAlerts: [{ id: a, kind: sensor }]',
      'log: { level: debug }',
    ].join('\n');

    expect(check(text)).toEqual({
      value: {
        reporting: { sendSeconds: 240 },
        sensors: {
          bme280: { calibration: { temperature: { offsetCelsius: -0.4 } } },
          windVane: { northOffsetDegrees: 12 },
          anemometer: { kmhPerHz: 2.5 },
          rainGauge: { mmPerTip: 0.2 },
          kernel: { soil: { offset: 1 } },
        },
        quality: { stuckMinutes: 90 },
        preAlerts: [{ id: 'a', kind: 'sensor' }],
        log: { level: 'debug' },
      },
    });
    expect(check('{}')).toEqual({ value: {} });
  });

  it.each([
    [
      'aws: { endpoint: evil.example }',
      'new.yaml:1:1: aws: found an unknown key; allowed: reporting, sensors',
    ],
    ['http: { listen: 0.0.0.0 }', 'http: found an unknown key'],
    ['station: { id: "2" }', 'station: found an unknown key'],
    ['outbox: { directory: /tmp }', 'outbox: found an unknown key'],
    ['display: { units: imperial }', 'display: found an unknown key'],
    ['sensors: { i2cBus: 0 }', 'sensors.i2cBus: found an unknown key; allowed: bme280'],
    [
      'sensors: { anemometer: { gpio: 17 } }',
      'sensors.anemometer.gpio: found an unknown key; allowed: kmhPerHz',
    ],
    ['sensors: { bme280: { address: 0x77 } }', 'sensors.bme280.address: found an unknown key'],
    ['sensors: { windVane: { channel: 1 } }', 'sensors.windVane.channel: found an unknown key'],
    ['sensors: { kernel: { soil: { device: x } } }', 'sensors.kernel.soil.device: found an unknown key'],
    ['preAlerts: [{ id: a, kind: sensor, output: { gpio: 17 } }]', 'preAlerts[0].output: found a mapping'],
    [
      'reporting: { intervalSeconds: 0 }',
      'new.yaml:1:31: reporting.intervalSeconds: found 0; allowed: a whole',
    ],
    ['log: { level: loud }', 'log.level: found "loud"; allowed: one of debug'],
    ['log: { levle: debug }', '(did you mean level?)'],
    ['[]', 'new.yaml:1:1: found an empty list; allowed: a mapping'],
    ['', 'found nothing'],
    ['a: [', 'broken YAML'],
    ['__proto__: { log: 1 }', '__proto__: found an unknown key'],
    ['constructor: 1', 'constructor: found an unknown key'],
  ])('is nothing else: %s', (text, problem) => {
    const [first = ''] = problemsOf(text);
    expect(first).toContain(problem);
  });

  it('has a size, beyond which a shadow has no room', () => {
    const rule = { id: 'x'.repeat(60), kind: 'sensor' };
    const text = JSON.stringify({ preAlerts: Array.from({ length: 40 }, () => rule) });

    expect(problemsOf(text)).toContainEqual(
      expect.stringMatching(
        new RegExp(`found \\d+ bytes as JSON; allowed: at most ${MAX_REMOTE_BYTES} bytes`),
      ),
    );
  });

  it('adds no sensor to a station', () => {
    const base = { sensors: { i2cBus: 1, bme280: {}, kernel: { soil: {} } } };

    expect(
      problemsOf('sensors: { anemometer: { kmhPerHz: 2 }, kernel: { air: { scale: 2 } } }', base),
    ).toEqual([
      'new.yaml:1:12: sensors.anemometer: found a sensor that the station does not have; allowed: bme280, kernel',
      'new.yaml:1:51: sensors.kernel.air: found a sensor that the station does not have; allowed: soil',
    ]);
    expect(problemsOf('sensors: { constructor: { kmhPerHz: 2 } }', base).join()).toContain('constructor');
    expect(problemsOf('sensors: { bme280: {}, kernel: { soil: { scale: 2 } } }', base)).toEqual([]);
    expect(problemsOf('sensors: { bme280: {} }', {}).join()).toContain('allowed: none');
  });

  it('goes before what the station has, key by key, and lists whole; rules keep the output of their id', () => {
    const base = {
      aws: { endpoint: 'a' },
      reporting: { intervalSeconds: 12 },
      preAlerts: [
        { id: 'heat', kind: 'limit', warning: 35, output: { gpio: 17 } },
        { id: 'gone', kind: 'sensor', output: { gpio: 18 } },
      ],
    };
    const values = {
      reporting: { sendSeconds: 60 },
      preAlerts: [{ id: 'heat', warning: 30 }, { id: 'new' }],
    };

    expect(mergeRemoteValues(base, values)).toEqual({
      aws: { endpoint: 'a' },
      reporting: { intervalSeconds: 12, sendSeconds: 60 },
      preAlerts: [{ id: 'heat', warning: 30, output: { gpio: 17 } }, { id: 'new' }],
    });
    expect(mergeRemoteValues(base, {})).toEqual(base);
  });

  it('of a whole configuration has no output, no wiring and nothing of the connection', async () => {
    const { config } = await loadConfig('config/gateway.yaml');
    if (config === undefined) throw new Error('the shipped configuration is right');
    const [rule, ...rules] = config.preAlerts;
    if (rule === undefined) throw new Error('it has rules');
    const part = remotePartOf({
      ...config,
      sensors: { ...config.sensors, kernel: { soil: { device: 'x', scale: 2, offset: 1 } } },
      preAlerts: [{ ...rule, output: { gpio: 17, activeLow: false } }, ...rules],
    });

    expect(Object.keys(part)).toEqual(['reporting', 'log', 'sensors', 'quality', 'preAlerts']);
    expect(part['sensors']).toMatchObject({
      anemometer: { kmhPerHz: 2.4 },
      kernel: { soil: { scale: 2, offset: 1 } },
    });
    expect(JSON.stringify(part)).not.toMatch(/gpio|address|endpoint|device/);
    expect(JSON.stringify(part['quality'])).toBe(JSON.stringify(config.quality));
    expect(check(JSON.stringify({ ...part, preAlerts: [], quality: {} })).problems).toBeUndefined();
  });

  it('is named value by value, beside what the station has of its own', () => {
    expect(
      remoteValuesIn({ log: { level: 'debug' }, preAlerts: [{ id: 'a' }] }, { log: { level: 'info' } }),
    ).toEqual([
      { key: 'log.level', value: 'debug', own: 'info' },
      { key: 'preAlerts', value: [{ id: 'a' }], own: undefined },
    ]);
  });
});
