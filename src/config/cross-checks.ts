import { z } from 'zod';
import { topicsOf } from '../weather/message.ts';
import { TOPIC_MAX_BYTES } from '../weather/station-id.ts';
import { isLoopback } from './loopback.ts';
import { dottedKey, type KeyPath } from './problem.ts';
import type { CrossProblem } from './validate.ts';

/** What the checks look at, whatever else of the file is broken: a part that does not parse is not there. */
const probe = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const gpioProbe = probe(z.object({ gpio: probe(z.int()) }));
const outputProbe = probe(z.object({ gpio: probe(z.int()), activeLow: probe(z.boolean()) }));
const configProbe = z
  .object({
    station: probe(z.object({ id: probe(z.string()) })),
    aws: probe(z.object({ topicPrefix: probe(z.string()) })),
    outbox: probe(
      z.object({ dailyWriteMegabytes: probe(z.number()), dailyWriteWarningMegabytes: probe(z.number()) }),
    ),
    sensors: probe(
      z.object({
        i2cBus: probe(z.int()),
        bme280: probe(z.object({})),
        windVane: probe(z.object({ channel: probe(z.int()), supplyChannel: probe(z.int()) })),
        anemometer: gpioProbe,
        rainGauge: gpioProbe,
      }),
    ),
    preAlerts: probe(z.array(probe(z.object({ id: probe(z.string()), output: outputProbe })))),
    http: probe(z.object({ listen: probe(z.string()), token: probe(z.string()) })),
  })
  .catch({});

type Probe = z.output<typeof configProbe>;

/** SDA and SCL of bus 1 (BCM 2 and 3) and of bus 0, which belongs to the HAT's EEPROM. */
const I2C_LINES: Readonly<Record<number, readonly number[]>> = { 0: [0, 1], 1: [2, 3] };

type UsedLine = { readonly path: KeyPath; readonly gpio: number | undefined };

const lineChecks = ({ sensors, preAlerts = [] }: Probe): CrossProblem[] => {
  const inputs: UsedLine[] = [
    { path: ['sensors', 'anemometer', 'gpio'], gpio: sensors?.anemometer?.gpio },
    { path: ['sensors', 'rainGauge', 'gpio'], gpio: sensors?.rainGauge?.gpio },
  ];
  // Rules may share an output.
  const outputs = preAlerts.map(
    (rule, index): UsedLine => ({ path: ['preAlerts', index, 'output', 'gpio'], gpio: rule?.output?.gpio }),
  );
  const isBusUsed = sensors?.bme280 !== undefined || sensors?.windVane !== undefined;
  const bus = sensors?.i2cBus ?? 1;
  const busLines = isBusUsed ? (I2C_LINES[bus] ?? []) : [];
  return [...inputs, ...outputs].flatMap(({ path, gpio }): CrossProblem[] => {
    if (gpio === undefined) return [];
    if (busLines.includes(gpio)) return [{ path, allowed: `a line that I2C bus ${bus} does not use` }];
    const holder = inputs.find((input) => input.gpio === gpio);
    return holder === undefined || holder.path === path
      ? []
      : [{ path, allowed: `a line of its own (${dottedKey(holder.path)} has this one)` }];
  });
};

/** Rules that share an output cannot want opposite levels of it. */
const polarityChecks = ({ preAlerts = [] }: Probe): CrossProblem[] => {
  const isActiveLow = (index: number): boolean => preAlerts[index]?.output?.activeLow ?? false;
  return preAlerts.flatMap((rule, index): CrossProblem[] => {
    const first = preAlerts.findIndex((other) => other?.output?.gpio === rule?.output?.gpio);
    if (rule?.output?.gpio === undefined || isActiveLow(first) === isActiveLow(index)) return [];
    return [
      {
        path: ['preAlerts', index, 'output', 'activeLow'],
        allowed: `${isActiveLow(first)}, as in preAlerts[${first}].output on the same line`,
      },
    ];
  });
};

const channelChecks = ({ sensors }: Probe): CrossProblem[] => {
  const vane = sensors?.windVane;
  return vane?.supplyChannel !== undefined && vane.supplyChannel === (vane.channel ?? 0)
    ? [{ path: ['sensors', 'windVane', 'supplyChannel'], allowed: "an input that is not the vane's own" }]
    : [];
};

const httpChecks = ({ http }: Probe): CrossProblem[] =>
  http?.listen === undefined || http.token !== undefined || isLoopback(http.listen)
    ? []
    : [{ path: ['http', 'listen'], allowed: '127.0.0.1, ::1 or localhost, or any address with http.token' }];

const topicChecks = ({ station, aws }: Probe): CrossProblem[] => {
  const { id } = station ?? {};
  if (id === undefined || aws?.topicPrefix === undefined) return [];
  const topics = Object.values(topicsOf(aws.topicPrefix, id));
  const longest = Math.max(...topics.map((topic) => Buffer.byteLength(topic)));
  return longest <= TOPIC_MAX_BYTES
    ? []
    : [
        {
          path: ['aws', 'topicPrefix'],
          found: `topics of up to ${longest} bytes`,
          allowed: `topics of at most ${TOPIC_MAX_BYTES} bytes, station.id included (AWS IoT Core)`,
        },
      ];
};

const outboxChecks = ({ outbox }: Probe): CrossProblem[] =>
  outbox?.dailyWriteMegabytes !== undefined && outbox.dailyWriteWarningMegabytes !== undefined
    ? [
        {
          path: ['outbox', 'dailyWriteMegabytes'],
          found: 'the former name beside the present one',
          allowed: 'dailyWriteWarningMegabytes alone',
        },
      ]
    : [];

/** What the guard against floods of events calls itself in its own. */
const FLOOD = 'flood';

const ruleChecks = ({ preAlerts = [] }: Probe): CrossProblem[] =>
  preAlerts.flatMap((rule, index): CrossProblem[] => {
    const first = preAlerts.findIndex((other) => other?.id === rule?.id);
    if (rule?.id === FLOOD)
      return [
        { path: ['preAlerts', index, 'id'], allowed: 'another name: this is what floods of events go by' },
      ];
    return rule?.id === undefined || first === index
      ? []
      : [
          {
            path: ['preAlerts', index, 'id'],
            allowed: `a name of its own (preAlerts[${first}] has this one)`,
          },
        ];
  });

/** Finds what is wrong with keys that are each right by themselves. */
export const crossCheck = (value: unknown): CrossProblem[] => {
  const config = configProbe.parse(value);
  return [
    topicChecks,
    outboxChecks,
    lineChecks,
    polarityChecks,
    channelChecks,
    httpChecks,
    ruleChecks,
  ].flatMap((check) => check(config));
};
