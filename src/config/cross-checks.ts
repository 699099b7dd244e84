import { z } from 'zod';
import { type CatalogueEntry, catalogue, instrumentsIn } from '../instruments/catalogue.ts';
import type { Instrument, Wiring } from '../instruments/instrument.ts';
import { TOPIC_MAX_BYTES, topicsOf } from '../weather/message.ts';
import { isLoopback } from './fields.ts';
import { qualitySchema } from './quality-schema.ts';
import { dottedKey, type KeyPath } from './text-file.ts';
import type { CrossProblem } from './validate.ts';

/** What the checks look at, whatever else of the file is broken: a part that does not parse is not there. */
const probe = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const outputProbe = probe(z.object({ gpio: probe(z.int()), activeLow: probe(z.boolean()) }));
const configProbe = z
  .object({
    station: probe(z.object({ id: probe(z.string()) })),
    aws: probe(z.object({ topicPrefix: probe(z.string()) })),
    outbox: probe(
      z.object({ dailyWriteMegabytes: probe(z.number()), dailyWriteWarningMegabytes: probe(z.number()) }),
    ),
    quality: probe(qualitySchema),
    sensors: probe(z.record(z.string(), z.unknown())),
    preAlerts: probe(z.array(probe(z.object({ id: probe(z.string()), output: outputProbe })))),
    http: probe(z.object({ listen: probe(z.string()), token: probe(z.string()) })),
  })
  .catch({});

type Probe = z.output<typeof configProbe>;

/** SDA and SCL of bus 1 (BCM 2 and 3) and of bus 0, which belongs to the HAT's EEPROM. */
const I2C_LINES: Readonly<Record<number, readonly number[]>> = { 0: [0, 1], 1: [2, 3] };

type Used = {
  readonly path: KeyPath;
  readonly value: number;
  /** Whether it stands in the file; a default otherwise. */
  readonly isWritten: boolean;
};

type Listed = { readonly instrument: Instrument; readonly part: object };

/** The instruments in the file, in its order. */
const listedIn = ({ sensors }: Probe, instruments: readonly Instrument[]): Listed[] =>
  Object.entries(sensors ?? {}).flatMap(([key, part]): Listed[] => {
    const instrument = instruments.find((each) => each.key === key);
    return instrument === undefined || typeof part !== 'object' || part === null
      ? []
      : [{ instrument, part }];
  });

/** What the instruments take of one kind; defaults count, broken values do not. */
const usedBy = (listed: readonly Listed[], kind: keyof Wiring): Used[] =>
  listed.flatMap(({ instrument, part }) =>
    (instrument.wiring[kind] ?? []).flatMap((name): Used[] => {
      const written: unknown = Reflect.get(part, name);
      const { data } = z.safeParse(instrument.schema.shape[name] ?? z.never(), written);
      const path = ['sensors', instrument.key, name];
      return typeof data === 'number' ? [{ path, value: data, isWritten: written !== undefined }] : [];
    }),
  );

/** The first that takes the same value, unless this is the first itself. */
const holderOf = (used: readonly Used[], { path, value }: Used): Used | null => {
  const holder = used.find((each) => each.value === value);
  return holder === undefined || holder.path === path ? null : holder;
};

const addressChecks = (listed: readonly Listed[]): CrossProblem[] => {
  const addresses = usedBy(listed, 'i2cAddresses');
  return addresses.flatMap((address): CrossProblem[] => {
    const holder = holderOf(addresses, address);
    if (holder === null) return [];
    const { path, value, isWritten } = address;
    const allowed = `an address of its own (${dottedKey(holder.path)} has this one)`;
    return [isWritten ? { path, allowed } : { path, found: `0x${value.toString(16)}`, allowed }];
  });
};

const lineChecks = ({ sensors, preAlerts = [] }: Probe, listed: readonly Listed[]): CrossProblem[] => {
  const inputs = usedBy(listed, 'gpios');
  // Rules may share an output.
  const outputs = preAlerts.flatMap((rule, index): Used[] => {
    const value = rule?.output?.gpio;
    return value === undefined
      ? []
      : [{ path: ['preAlerts', index, 'output', 'gpio'], value, isWritten: true }];
  });
  const isBusUsed = listed.some(({ instrument }) => instrument.wiring.i2cAddresses !== undefined);
  const bus = z.int().catch(1).parse(sensors?.['i2cBus']);
  const busLines = isBusUsed ? (I2C_LINES[bus] ?? []) : [];
  return [...inputs, ...outputs].flatMap((used): CrossProblem[] => {
    const { path, value } = used;
    if (busLines.includes(value)) return [{ path, allowed: `a line that I2C bus ${bus} does not use` }];
    const holder = holderOf(inputs, used);
    return holder === null
      ? []
      : [{ path, allowed: `a line of its own (${dottedKey(holder.path)} has this one)` }];
  });
};

/** A lockout that is longer than the time between two closures loses them without a word. */
const lockoutChecks = (
  { quality = qualitySchema.parse({}) }: Probe,
  listed: readonly Listed[],
): CrossProblem[] =>
  listed.flatMap(({ instrument, part }): CrossProblem[] => {
    const { data } = instrument.schema.safeParse(part);
    const lockout = data === undefined ? undefined : instrument.lockout?.(data, quality);
    if (lockout === undefined || lockout.ms <= lockout.shortestMs) return [];
    const isWritten = Reflect.get(part, 'lockoutMilliseconds') !== undefined;
    if (!isWritten && lockout.isDefaultShortened) return [];
    const mostMs = Math.floor(lockout.shortestMs * 10) / 10;
    return [
      {
        path: ['sensors', instrument.key, 'lockoutMilliseconds'],
        found: `${lockout.ms} ms, which loses closures`,
        allowed: `at most ${mostMs} ms, the time between two closures ${lockout.when}`,
      },
    ];
  });

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
export const crossCheck = (
  value: unknown,
  entries: readonly CatalogueEntry[] = catalogue,
): CrossProblem[] => {
  const config = configProbe.parse(value);
  const listed = listedIn(config, instrumentsIn(entries));
  return [
    ...topicChecks(config),
    ...outboxChecks(config),
    ...addressChecks(listed),
    ...lineChecks(config, listed),
    ...lockoutChecks(config, listed),
    ...polarityChecks(config),
    ...httpChecks(config),
    ...ruleChecks(config),
  ];
};
