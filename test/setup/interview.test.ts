import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { gatewaySchema } from '../../src/config/schema.ts';
import { headerDrawing, parseLine, pinOf } from '../../src/gpio/header-pins.ts';
import { type Base, withAnswers } from '../../src/setup/configuration-file.ts';
import { Dialogue, Interrupted, type Terminal } from '../../src/setup/dialogue.ts';
import { type Answers, interview, type Present } from '../../src/setup/interview.ts';
import { kitLike } from '../../src/setup/kits.ts';
import type { Found } from '../../src/setup/scan.ts';
import { LocalDays } from '../../src/weather/day.ts';

/** Answers what it is asked for by the beginning of the question; Enter otherwise. */
const scripted = (answers: Readonly<Record<string, string | readonly string[]>>) => {
  const left = new Map(Object.entries(answers).map(([text, typed]) => [text, [typed].flat()]));
  let screen = '';
  const terminal: Terminal = {
    write: (text) => {
      screen += text;
    },
    readLine: (prompt) => {
      screen += prompt;
      const [text, typed] = [...left].find(([each]) => prompt.includes(each)) ?? [];
      const answer = typed?.shift() ?? '';
      if (text !== undefined && typed?.length === 0) left.delete(text);
      screen += `${answer}\n`;
      return answer === 'CTRL-C' ? Promise.reject(new Interrupted()) : Promise.resolve(answer);
    },
  };
  return { terminal, screen: () => screen };
};

const nothing: Found = { chips: [], values: [], converters: [], troubles: [] };
const fresh: Present = { station: {}, aws: {}, sensors: {}, isSupplyJudged: false };

const talk = async (
  answers: Readonly<Record<string, string | readonly string[]>>,
  { found = nothing, present = fresh }: { found?: Found; present?: Present } = {},
): Promise<{ answers: Answers; screen: string }> => {
  const { terminal, screen } = scripted(answers);
  const given = await interview({ dialogue: new Dialogue(terminal), found, present, tryOut: null });
  return { answers: given, screen: screen() };
};

const sht4x = { address: 0x44, key: 'sht4x', name: 'SHT4x 1234: temperature, humidity' } as const;
const bme280 = { address: 0x77, key: 'bme280', name: 'BME280' } as const;
const battery = {
  subsystem: 'hwmon',
  device: 'ina219',
  attribute: 'in1_input',
  quantities: ['supplyvoltage'],
  shown: '12.40 V',
} as const;

const paris = { timezone: 'Europe/Paris', latitude: 48.85, longitude: 2.35 };

describe('the interview', () => {
  it('has an answer for Enter to each question', async () => {
    const { answers } = await talk({});

    expect(answers).toEqual({
      station: { id: '1', name: 'Weather station', timezone: new LocalDays().timeZone },
      aws: { endpoint: 'localhost' },
      sensors: {
        anemometer: { gpio: 5, kmhPerHz: 2.4 },
        rainGauge: { gpio: 6, mmPerTip: 0.2794 },
      },
    });
  });

  it('takes what was found, with the chips that last outdoors first', async () => {
    const found = { ...nothing, chips: [bme280, sht4x], converters: ['mcp3008'], values: [battery] };
    const { answers } = await talk({ 'Which kit': 'davis', 'Its line': ['pin 11', ''] }, { found });

    expect(Object.keys(answers.sensors).slice(0, 2)).toEqual(['sht4x', 'bme280']);
    expect(answers.sensors).toMatchObject({
      bme280: { address: 0x77 },
      windVane: { device: 'mcp3008', channel: 0, potentiometer: {} },
      anemometer: { gpio: 17, kmhPerHz: 3.621 },
      kernel: { battery: { device: 'ina219', quantity: 'supplyvoltage' } },
    });
    expect(answers.lowSupplyVolts).toBe(11.8);
  });

  it('says in one line what it does not take, and asks again', async () => {
    const { answers, screen } = await talk({
      'Id of the station': ['a b', 'x'],
      'Height of': ['up', '12,5'],
      'Its time zone': ['Paris', 'Europe/Paris'],
      'Its latitude': ['91', '48,85'],
      'Its longitude': '2.35',
      'Which kit': ['acme', ''],
      'Its line': ['2', 'pin 6', 'GPIO13', '13', 'bcm 6'],
      'Is an anemometer': ['perhaps', ''],
    });

    expect(answers.station).toMatchObject({ id: 'x', elevationMetres: 12.5, ...paris });
    expect(answers.sensors).toMatchObject({ anemometer: { gpio: 13 }, rainGauge: { gpio: 6 } });
    expect(screen.match(/Please give .*/g)).toEqual([
      'Please give 1 to 100 letters, digits, :, _ or -.',
      'Please give a number from -430 to 8850, or none.',
      'Please give an IANA time zone such as Europe/London.',
      'Please give a number from -90 to 90, or none.',
      'Please give one of sparkfun, misol, davis, inspeed, other.',
      'Please give yes or no.',
      'Please give another line: BCM 2 (pin 3) belongs to the I2C bus.',
      'Please give a line of the header, such as 5, BCM 5 or pin 29.',
      "Please give another line: BCM 13 (pin 33) is the anemometer's.",
    ]);
  });

  it('begins with the answers of the present configuration, and keeps what it does not ask about', async () => {
    const present: Present = {
      station: { id: 'mast', name: 'Mast', elevationMetres: 30, ...paris },
      aws: { endpoint: 'a.example', topicPrefix: 'w' },
      sensors: {
        bme280: { address: 0x76, calibration: { temperature: { offsetCelsius: -0.4 } } },
        anemometer: { gpio: 13, kmhPerHz: 3.1, lockoutMilliseconds: 6 },
        windVane: { address: 0x49, channel: 2, northOffsetDegrees: 12 },
        kernel: { bed: { subsystem: 'w1', device: '28-1', quantity: 'soiltemperature' } },
      },
      isSupplyJudged: false,
    };
    const { answers } = await talk({}, { present });

    expect(answers).toEqual({ station: present.station, aws: present.aws, sensors: present.sensors });
  });

  it('ends at once where nobody types any more', async () => {
    await expect(talk({ 'Which kit': 'CTRL-C' })).rejects.toThrow(Interrupted);
  });

  it('gives each value of the kernel a name and a quantity of its own', async () => {
    const soil = (device: string) =>
      ({
        subsystem: 'w1',
        device,
        attribute: 'temperature',
        quantities: ['soiltemperature', 'secondtemperature', 'temperature'],
        shown: '9 °C',
      }) as const;
    const found = { ...nothing, values: ['28-1', '28-2', '28-3', '28-4'].map(soil) };
    const { answers } = await talk({ '28-4': 'soiltemperature' }, { found });

    expect(answers.sensors['kernel']).toMatchObject({
      soil: { device: '28-1', quantity: 'soiltemperature' },
      second: { device: '28-2', quantity: 'secondtemperature' },
      temperature: { device: '28-3', quantity: 'temperature' },
      soil2: { device: '28-4', quantity: 'soiltemperature' },
    });
  });
});

describe('the configuration that it writes', () => {
  const sample = fileURLToPath(new URL('../../config/gateway.yaml', import.meta.url));

  const base = async (): Promise<Pick<Base, 'text' | 'present'>> => {
    const text = await readFile(sample, 'utf8');
    const { station, aws, sensors } = parse(text);
    const { i2cBus: _, gpioBackend: __, ...parts } = sensors;
    return { text, present: { station, aws, sensors: parts, isSupplyJudged: false } };
  };

  it('is the shipped one with its comments where nothing was changed', async () => {
    const { text, present } = await base();
    const withZone = { ...present, station: { ...present.station, timezone: new LocalDays().timeZone } };
    const { answers } = await talk({}, { present: withZone });

    expect(withAnswers({ text, present: withZone }, answers)).toBe(text);
  });

  it('passes the schema and keeps the comments, whatever was found', async () => {
    const { text, present } = await base();
    const found = { ...nothing, chips: [sht4x, bme280], values: [battery] };
    const { answers } = await talk(
      { 'Is a rain gauge': 'no', 'Is a wind vane': 'no', 'Id of': '007', 'Which kit': 'inspeed' },
      { found, present },
    );
    const written = withAnswers({ text, present }, answers);

    const config = gatewaySchema.parse(parse(written));
    expect(config.station.id).toBe('007');
    expect(Object.keys(config.sensors)).toEqual(
      expect.arrayContaining(['sht4x', 'bme280', 'anemometer', 'kernel']),
    );
    expect(config.sensors).not.toHaveProperty('rainGauge');
    expect(written.indexOf('sht4x:')).toBeLessThan(written.indexOf('bme280:'));
    expect(written).toContain('address: 0x44');
    expect(written).toContain('address: 0x77 # 0x77 with SDO to the supply');
    expect(written).toContain('kmhPerHz: 4.023');
    expect(config.preAlerts.at(-1)).toMatchObject({
      id: 'low-supply',
      warning: 11.8,
      alert: 11.4,
      direction: 'below',
    });
    expect(written.match(/#.*/g)?.length).toBeGreaterThan(50);
  });
});

describe('the header', () => {
  it('understands a line as people name it', () => {
    expect(['5', 'BCM 5', 'bcm5', 'GPIO5', 'pin 29', 'PIN29'].map(parseLine)).toEqual(Array(6).fill(5));
    expect(['28', 'pin 6', 'pin 41', '', 'x', '5.5', '-1'].map(parseLine)).toEqual(Array(7).fill(null));
  });

  it('has each of the 28 lines once', () => {
    const pins = [...Array(28).keys()].map(pinOf);

    expect(new Set(pins).size).toBe(28);
    expect(headerDrawing()).toContain('BCM 5  29 | 30  ground');
    expect(headerDrawing().split('\n')).toHaveLength(21);
  });
});

describe('the kits', () => {
  it.each([
    [{}, 'sparkfun'],
    [{ anemometer: { kmhPerHz: 3.621 } }, 'davis'],
    [{ rainGauge: { mmPerTip: 0.3 } }, 'misol'],
    [{ anemometer: { kmhPerHz: 7 } }, 'other'],
  ])('are guessed from %j', (sensors, key) => {
    expect(kitLike(sensors)).toBe(key);
  });
});
