import type { z } from 'zod';
import { gatewaySchema } from '../config/schema.ts';
import { headerDrawing, lineName, parseLine } from '../gpio/header-pins.ts';
import { hex } from '../i2c/i2c-bus.ts';
import { anemometer } from '../instruments/anemometer/anemometer.ts';
import { rainGauge } from '../instruments/rain-gauge/rain-gauge.ts';
import { LocalDays } from '../weather/day.ts';
import { as, asNumber, type Dialogue, NONE, orNone, type Parsed, textOf } from './dialogue.ts';
import { type Kit, kitLike, kits } from './kits.ts';
import type { Found, FoundChip, FoundValue } from './scan.ts';
import { type Part, type TryOut, tryClosures, tryVane, withValues } from './try-out.ts';

/** What the questions ask about, as it stands in the file. */
export type Answers = {
  readonly station: Part;
  readonly aws: Part;
  /** By key; what is not wired is not there. */
  readonly sensors: Readonly<Record<string, Part>>;
  /** The voltage below which a rule is to warn; none where there is such a rule already, or no supply is measured. */
  readonly lowSupplyVolts?: number;
};

export type Present = Omit<Answers, 'lowSupplyVolts'> & {
  /** Whether a rule judges the supply already. */
  readonly isSupplyJudged: boolean;
};

type InterviewParts = {
  readonly dialogue: Dialogue;
  readonly found: Found;
  readonly present: Present;
  /** `null` where the buses cannot be opened. */
  readonly tryOut: TryOut | null;
};

const { station: stationFields, aws: awsFields } = {
  station: gatewaySchema.shape.station.shape,
  aws: gatewaySchema.shape.aws.shape,
};

/** Asks everything there is to know. Rejects with `Interrupted`. */
export const interview = async (parts: InterviewParts): Promise<Answers> => {
  const { dialogue, present } = parts;
  dialogue.say('Enter takes the answer in brackets. Nothing is written before the last question.\n');
  const { station, aws } = await askWho(parts);
  const air = await askAir(parts);
  dialogue.say(
    `\nThe header of the board, seen with pin 1 at the corner of the SD card:\n\n${headerDrawing()}`,
  );
  const kit = await askKit(parts);
  const cups = await askContact(parts, cupsContact(kit), []);
  const bucket = await askContact(parts, bucketContact(kit), cups === null ? [] : [Number(cups['gpio'])]);
  const vane = await askVane(parts, kit);
  const kernel = await askKernel(parts);
  const sensors = {
    ...untouched(present.sensors),
    ...air,
    ...(vane === null ? {} : { windVane: vane }),
    ...(cups === null ? {} : { anemometer: cups }),
    ...(bucket === null ? {} : { rainGauge: bucket }),
    ...(Object.keys(kernel).length === 0 ? {} : { kernel }),
  };
  const lowSupplyVolts = await askLowSupply(parts, kernel);
  return { station, aws, sensors, ...(lowSupplyVolts === undefined ? {} : { lowSupplyVolts }) };
};

const ASKED = ['bme280', 'sht3x', 'sht4x', 'windVane', 'anemometer', 'rainGauge', 'kernel'];

const untouched = (sensors: Present['sensors']): Present['sensors'] =>
  Object.fromEntries(Object.entries(sensors).filter(([key]) => !ASKED.includes(key)));

const askWho = async ({ dialogue, present }: InterviewParts): Promise<Pick<Answers, 'station' | 'aws'>> => {
  const { station, aws } = present;
  const id = await dialogue.ask({
    text: 'Id of the station, which is its thing name in AWS IoT',
    standard: textOf(station['id'], '1'),
    parse: as(stationFields.id),
  });
  const name = await dialogue.ask({
    text: 'Its name for people',
    standard: textOf(station['name'], 'Weather station'),
    parse: as(stationFields.name),
  });
  const elevationMetres = await dialogue.ask({
    text: 'Height of the barometer above sea level, m',
    standard: textOf(station['elevationMetres'], NONE),
    parse: orNone(asNumber(stationFields.elevationMetres)),
  });
  const timezone = await dialogue.ask({
    text: 'Its time zone, for the rain of the day',
    standard: textOf(station['timezone'], new LocalDays().timeZone),
    parse: as(stationFields.timezone),
  });
  const degrees = (key: 'latitude' | 'longitude', text: string) => ({
    text,
    standard: textOf(station[key], NONE),
    parse: asNumber(stationFields[key]),
  });
  const north = degrees('latitude', 'Its latitude in degrees, for sunrise and sunset');
  const latitude = await dialogue.ask({ ...north, parse: orNone(north.parse) });
  const east = degrees('longitude', 'Its longitude');
  const longitude =
    latitude === undefined
      ? undefined
      : await dialogue.ask({ ...east, standard: east.standard.replace(NONE, '0') });
  const endpoint = await dialogue.ask({
    text: 'Data endpoint of AWS IoT Core',
    standard: textOf(aws['endpoint'], 'localhost'),
    parse: as(awsFields.endpoint),
  });
  return {
    station: withValues(station, { id, name, timezone, latitude, longitude, elevationMetres }),
    aws: withValues(aws, { endpoint }),
  };
};

const airKeys = ['sht4x', 'sht3x', 'bme280'] as const;
const USUAL_ADDRESS = { sht4x: 0x44, sht3x: 0x44, bme280: 0x76 };

/** Chips for air, those of Sensirion first: the first that measures a quantity counts, and they last longer outdoors. */
const askAir = async ({ dialogue, found, present }: InterviewParts): Promise<Record<string, Part>> => {
  const air: Record<string, Part> = {};
  for (const key of airKeys) {
    const part = present.sensors[key];
    const answering = found.chips.filter((chip) => chip.key === key);
    const chip = answering.find(({ address }) => address === part?.['address']) ?? answering[0];
    if (
      chip !== undefined &&
      (await dialogue.confirm(`${chip.name}, at ${hex(chip.address)}: use it?`, true))
    )
      air[key] = withValues(part ?? {}, { address: chip.address });
    if (chip === undefined && part !== undefined) {
      const keeps = await dialogue.confirm(
        `${key} of the present configuration does not answer: keep it?`,
        true,
      );
      if (keeps) air[key] = part;
    }
  }
  if (Object.keys(air).length > 0 || found.chips.some(({ key }) => airKeys.some((each) => each === key)))
    return air;
  const later = await dialogue.choose(
    'No chip for temperature and humidity was found. Which one will be wired?',
    [...airKeys, NONE],
    NONE,
  );
  return later === NONE ? {} : { [later]: { address: USUAL_ADDRESS[later] } };
};

const askKit = async ({ dialogue, present }: InterviewParts): Promise<Kit | null> => {
  for (const { key, title } of kits) dialogue.say(`  ${key.padEnd(9)} ${title}`);
  dialogue.say(`  ${'other'.padEnd(9)} figures of your own`);
  const key = await dialogue.choose(
    'Which kit of wind and rain is it?',
    [...kits.map((kit) => kit.key), 'other'],
    kitLike(present.sensors),
  );
  return kits.find((kit) => kit.key === key) ?? null;
};

type ContactQuestion = {
  readonly key: 'anemometer' | 'rainGauge';
  readonly title: string;
  readonly usualLine: number;
  readonly figure: 'kmhPerHz' | 'mmPerTip';
  readonly figureText: string;
  /** Of the kit; `null` keeps the present one. */
  readonly kitFigure: number | null;
  readonly usualFigure: number;
  readonly figureSchema: z.ZodType<number | undefined>;
  readonly move: string;
  readonly lockoutMs: number;
};

const cupsContact = (kit: Kit | null): ContactQuestion => ({
  key: 'anemometer',
  title: 'anemometer (cups)',
  usualLine: 5,
  figure: 'kmhPerHz',
  figureText: 'Wind speed at one closure a second, km/h',
  kitFigure: kit?.kmhPerHz ?? null,
  usualFigure: 2.4,
  figureSchema: anemometer.schema.shape.kmhPerHz,
  move: 'Turn the cups',
  lockoutMs: 4,
});

const bucketContact = (kit: Kit | null): ContactQuestion => ({
  key: 'rainGauge',
  title: 'rain gauge (tipping bucket)',
  usualLine: 6,
  figure: 'mmPerTip',
  figureText: 'Rain in one tip of the bucket, mm',
  kitFigure: kit?.mmPerTip ?? null,
  usualFigure: 0.2794,
  figureSchema: rainGauge.schema.shape.mmPerTip,
  move: 'Tip the bucket',
  lockoutMs: 150,
});

/** SDA and SCL. */
const BUS_LINES = [2, 3];

const askContact = async (
  { dialogue, present, tryOut }: InterviewParts,
  question: ContactQuestion,
  taken: readonly number[],
): Promise<Part | null> => {
  const { key, title, figure, figureText, kitFigure, usualFigure, figureSchema } = question;
  const part = present.sensors[key];
  const isNothingKnown = Object.keys(present.sensors).length === 0;
  if (
    !(await dialogue.confirm(
      `\nIs an ${title} wired?`.replace('an rain', 'a rain'),
      part !== undefined || isNothingKnown,
    ))
  )
    return null;
  const presentFigure = typeof part?.[figure] === 'number' ? part[figure] : usualFigure;
  let gpio = Number(part?.['gpio'] ?? question.usualLine);
  let next: 'again' | 'line' | 'on' = 'line';
  let value = kitFigure ?? presentFigure;
  while (next !== 'on') {
    if (next === 'line') {
      gpio = await askLine(dialogue, gpio, taken);
      value = await dialogue.ask({
        text: figureText,
        standard: String(value),
        parse: asNumber(figureSchema),
      });
    }
    const sensors = { [key]: { gpio, [figure]: value } };
    const seen =
      tryOut === null ? null : await tryClosures({ ...question, ...tryOut, dialogue, sensors, gpio });
    if (seen === null || seen > 0) break;
    dialogue.say(
      `  No closure came at ${lineName(gpio)}: one wire of the contact goes there, the other to ground.`,
    );
    next = await dialogue.choose('Try again, take another line, or go on?', ['again', 'line', 'on'], 'on');
  }
  return withValues(part ?? {}, { gpio, [figure]: value });
};

const askLine = (dialogue: Dialogue, standard: number, taken: readonly number[]): Promise<number> =>
  dialogue.ask({
    text: 'Its line: a BCM number, or "pin" and a number; BCM 0 to 8 have a pull-up from power-on',
    standard: lineName(standard).replace(/ \(.*/, ''),
    parse: (typed) => {
      const line = parseLine(typed);
      if (line === null) return { allowed: 'a line of the header, such as 5, BCM 5 or pin 29' };
      if (BUS_LINES.includes(line))
        return { allowed: `another line: ${lineName(line)} belongs to the I2C bus` };
      return taken.includes(line)
        ? { allowed: `another line: ${lineName(line)} is the anemometer's` }
        : { value: line };
    },
  });

const addressesOfConverters = [0x48, 0x49, 0x4a, 0x4b];
const MAX_INPUT = 7;

const askVane = async (parts: InterviewParts, kit: Kit | null): Promise<Part | null> => {
  const { dialogue, found, present, tryOut } = parts;
  const part = present.sensors['windVane'];
  const converters = found.chips.filter(({ key }) => key === 'windVane');
  const isLikely = part !== undefined || converters.length + found.converters.length > 0;
  if (!(await dialogue.confirm('\nIs a wind vane wired, behind a converter?', isLikely))) return null;
  const converter = await askConverter(parts, converters);
  const input = (text: string, standard: string) => ({
    text,
    standard,
    parse: (typed: string): Parsed<number> => {
      const most = 'device' in converter ? MAX_INPUT : 3;
      return /^\d$/.test(typed) && Number(typed) <= most
        ? { value: Number(typed) }
        : { allowed: `a whole number from 0 to ${most}` };
    },
  });
  const channel = await dialogue.ask(input('Input the vane is on', textOf(part?.['channel'], '0')));
  const supply = input(
    "Input that measures the vane's supply, so that its error cancels",
    textOf(part?.['supplyChannel'], NONE),
  );
  const supplyChannel = await dialogue.ask({
    ...supply,
    parse: orNone((typed) =>
      typed === String(channel) ? { allowed: 'another input' } : supply.parse(typed),
    ),
  });
  const isPotentiometer = kit?.isPotentiometer ?? part?.['potentiometer'] !== undefined;
  const vane = withValues(part ?? {}, {
    address: undefined,
    device: undefined,
    ...converter,
    channel,
    supplyChannel,
    potentiometer: isPotentiometer ? (part?.['potentiometer'] ?? {}) : undefined,
    ...(isPotentiometer ? { positions: undefined } : {}),
  });
  return tryOut === null ? vane : withValues(vane, await tryVane({ ...tryOut, dialogue, vane }));
};

const askConverter = async (
  { dialogue, found, present }: InterviewParts,
  converters: readonly FoundChip[],
): Promise<Part> => {
  const part = present.sensors['windVane'];
  const presentOne = textOf(
    part?.['device'],
    typeof part?.['address'] === 'number' ? hex(part['address']) : '',
  );
  const answering = [...converters.map(({ address }) => hex(address)), ...found.converters];
  const standard = answering.includes(presentOne) ? presentOne : (answering[0] ?? (presentOne || '0x48'));
  return await dialogue.ask({
    text: 'Its converter: the I2C address of an ADS1115, or the name of one with a driver of the kernel',
    standard,
    parse: (typed): Parsed<Part> => {
      if (/^0x/i.test(typed)) {
        const address = Number(typed);
        return addressesOfConverters.includes(address)
          ? { value: { address } }
          : { allowed: `one of ${addressesOfConverters.map(hex).join(', ')}` };
      }
      return /^[a-z][\w.+-]{0,63}$/i.test(typed)
        ? { value: { device: typed } }
        : { allowed: 'an address such as 0x48, or a name such as mcp3008' };
    },
  });
};

const NAMES: Readonly<Record<string, string>> = {
  soiltemperature: 'soil',
  secondtemperature: 'second',
  supplyvoltage: 'battery',
  supplycurrent: 'batteryCurrent',
  illuminance: 'light',
};

/** The sources of `sensors.kernel`: those of the present configuration, and what was found beside them. */
const askKernel = async ({ dialogue, found, present }: InterviewParts): Promise<Record<string, Part>> => {
  const kernel = { ...(present.sensors['kernel'] as Readonly<Record<string, Part>> | undefined) };
  if (found.values.length > 0) dialogue.say('');
  for (const value of found.values) {
    const known = Object.entries(kernel).find(([, source]) => isOf(source, value));
    const used = Object.values(kernel).map((source) => source['quantity']);
    const free = value.quantities.find((quantity) => !used.includes(quantity)) ?? NONE;
    const quantity = await dialogue.choose(
      `${value.device}, ${value.attribute}: ${value.shown}. It measures`,
      [...value.quantities, NONE],
      value.quantities.find((each) => each === known?.[1]['quantity']) ?? free,
    );
    if (known !== undefined && (quantity === NONE || known[1]['quantity'] !== quantity))
      delete kernel[known[0]];
    if (quantity === NONE || kernel[known?.[0] ?? ''] !== undefined) continue;
    const { subsystem, device, attribute } = value;
    kernel[freeName(NAMES[quantity] ?? quantity, kernel)] = { subsystem, device, attribute, quantity };
  }
  return kernel;
};

const isOf = (source: Part, { subsystem, device, attribute }: FoundValue): boolean =>
  source['subsystem'] === subsystem &&
  source['device'] === device &&
  (source['attribute'] ?? 'temperature') === attribute;

const freeName = (name: string, taken: object, number = 1): string => {
  const numbered = number === 1 ? name : `${name}${number}`;
  return numbered in taken ? freeName(name, taken, number + 1) : numbered;
};

/** Half charged at rest: below it a lead battery of 12 V ages. */
const LOW_SUPPLY = '11.8';

const askLowSupply = (
  { dialogue, present }: InterviewParts,
  kernel: Readonly<Record<string, Part>>,
): Promise<number | undefined> => {
  const isMeasured = Object.values(kernel).some((source) => source['quantity'] === 'supplyvoltage');
  if (!isMeasured || present.isSupplyJudged) return Promise.resolve(undefined);
  return dialogue.ask({
    text: 'Warn when the supply falls below so many volts',
    standard: LOW_SUPPLY,
    parse: orNone((typed): Parsed<number> => {
      const volts = Number(typed.replace(',', '.'));
      return volts > 1 && volts <= 100 ? { value: volts } : { allowed: 'a number from 1 to 100' };
    }),
  });
};
