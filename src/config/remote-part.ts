import { z } from 'zod';
import { type CatalogueEntry, catalogue } from '../instruments/catalogue.ts';
import { isGroup } from '../instruments/instrument.ts';
import { preAlertsSchema } from './pre-alerts-schema.ts';
import { qualitySchema } from './quality-schema.ts';
import { type GatewayConfig, logSchema, reportingSchema } from './schema.ts';
import { dottedKey, type KeyPath } from './text-file.ts';
import { type CrossProblem, isMapping, type Validated, validateYaml } from './validate.ts';

/** The part of a configuration that may be changed from afar, as far as it is to be changed. */
export type RemoteValues = Readonly<Record<string, unknown>>;

/** As JSON. A shadow of AWS IoT takes 8 KB, and holds the values twice: wanted, and in force. */
export const MAX_REMOTE_BYTES = 3_000;

const pick = (shape: Readonly<Record<string, z.ZodType>>, keys: readonly string[]) =>
  z.strictObject(
    Object.fromEntries(
      keys.flatMap((key) => {
        const schema = shape[key];
        return schema === undefined ? [] : [[key, schema.optional()]];
      }),
    ),
  );

/** What of an instrument may be changed from afar: its corrections, and never what it is wired to. */
const correctionsOf = (entry: CatalogueEntry): z.ZodType | null => {
  const { corrections = [] } = entry;
  if (corrections.length === 0) return null;
  if (!isGroup(entry)) return pick(entry.schema.shape, corrections);
  const { keyType, valueType } = entry.schema;
  return valueType instanceof z.ZodObject
    ? z.record(keyType as z.ZodString, pick(valueType.shape, corrections))
    : null;
};

const remoteSchemaOf = (instruments: readonly CatalogueEntry[]) => {
  const corrections = instruments.flatMap((entry) => {
    const schema = correctionsOf(entry);
    return schema === null ? [] : [[entry.key, schema.optional()] as const];
  });
  return z.strictObject({
    reporting: reportingSchema.optional(),
    sensors: z.strictObject(Object.fromEntries(corrections)).optional(),
    quality: qualitySchema.optional(),
    preAlerts: preAlertsSchema.optional(),
    log: logSchema.optional(),
  });
};

const outputChecks = (value: unknown): CrossProblem[] => {
  const rules = isMapping(value) && Array.isArray(value['preAlerts']) ? value['preAlerts'] : [];
  return rules.flatMap((rule: unknown, index): CrossProblem[] =>
    isMapping(rule) && 'output' in rule
      ? [
          {
            path: ['preAlerts', index, 'output'],
            allowed: 'nothing: outputs are set at the station, and a rule keeps that of the id it has there',
          },
        ]
      : [],
  );
};

/** Nothing is measured that the station does not list. */
const listedChecks = (
  value: unknown,
  base: unknown,
  instruments: readonly CatalogueEntry[],
): CrossProblem[] => {
  const sensorsOf = (config: unknown): RemoteValues =>
    isMapping(config) && isMapping(config['sensors']) ? config['sensors'] : {};
  const listed = sensorsOf(base);
  const problem = (path: KeyPath, names: readonly string[]): CrossProblem => ({
    path,
    found: 'a sensor that the station does not have',
    allowed: names.length === 0 ? 'none' : names.join(', '),
  });
  return Object.entries(sensorsOf(value)).flatMap(([key, part]): CrossProblem[] => {
    const own = Object.hasOwn(listed, key) ? listed[key] : undefined;
    if (!isMapping(own)) {
      const names = Object.keys(listed).filter((name) => isMapping(listed[name]));
      return [problem(['sensors', key], names)];
    }
    const group = instruments.find((entry) => entry.key === key);
    if (group === undefined || !isGroup(group) || !isMapping(part)) return [];
    return Object.keys(part)
      .filter((name) => !Object.hasOwn(own, name))
      .map((name) => problem(['sensors', key, name], Object.keys(own)));
  });
};

type RemoteCheck = {
  /** The name of the text in problems. */
  readonly file: string;
  readonly text: string;
  /** The station's own configuration, where it is known. */
  readonly base?: unknown;
  readonly instruments?: readonly CatalogueEntry[];
};

/** Values that may be changed from afar, as they stand in the text, or every problem of it. */
export const checkRemoteValues = ({
  file,
  text,
  base,
  instruments = catalogue,
}: RemoteCheck): Validated<RemoteValues> => {
  let written: unknown;
  const { problems } = validateYaml({
    file,
    text,
    schema: remoteSchemaOf(instruments),
    crossCheck: (value) => {
      written = value;
      const bytes = Buffer.byteLength(JSON.stringify(value) ?? '');
      return [
        ...(bytes > MAX_REMOTE_BYTES
          ? [{ path: [], found: `${bytes} bytes as JSON`, allowed: `at most ${MAX_REMOTE_BYTES} bytes` }]
          : []),
        ...outputChecks(value),
        ...(base === undefined ? [] : listedChecks(value, base, instruments)),
      ];
    },
  });
  if (problems !== undefined) return { problems };
  return { value: isMapping(written) ? written : {} };
};

const merge = (base: unknown, values: unknown): unknown => {
  if (!isMapping(base) || !isMapping(values)) return values;
  const keys = new Set([...Object.keys(base), ...Object.keys(values)]);
  return Object.fromEntries(
    [...keys].map((key) => {
      const own = Object.hasOwn(base, key) ? base[key] : undefined;
      return [key, Object.hasOwn(values, key) ? merge(own, values[key]) : own];
    }),
  );
};

/** A configuration with other values; lists are replaced whole, and a pre-alert rule keeps the output of its id. */
export const mergeRemoteValues = (base: unknown, values: RemoteValues): unknown => {
  const rulesOf = (config: unknown): readonly unknown[] =>
    isMapping(config) && Array.isArray(config['preAlerts']) ? config['preAlerts'] : [];
  const merged = merge(base, values);
  if (!isMapping(merged) || !('preAlerts' in values)) return merged;
  const own = rulesOf(base).filter(isMapping);
  return {
    ...merged,
    preAlerts: rulesOf(values).map((rule) => {
      const output = isMapping(rule) ? own.find(({ id }) => id === rule['id'])?.['output'] : undefined;
      return isMapping(rule) && output !== undefined ? { ...rule, output } : rule;
    }),
  };
};

/** What of a configuration could be changed from afar. */
export const remotePartOf = (
  { reporting, sensors, quality, preAlerts, log }: GatewayConfig,
  instruments: readonly CatalogueEntry[] = catalogue,
): RemoteValues => {
  const some = (part: unknown, keys: readonly string[]) =>
    Object.fromEntries(
      keys.flatMap((key) => (isMapping(part) && part[key] !== undefined ? [[key, part[key]]] : [])),
    );
  const corrections = instruments.flatMap((entry) => {
    const part: unknown = Reflect.get(sensors, entry.key);
    const { corrections: keys = [] } = entry;
    if (!isMapping(part)) return [];
    const found = isGroup(entry)
      ? Object.fromEntries(Object.entries(part).map(([name, each]) => [name, some(each, keys)]))
      : some(part, keys);
    return Object.keys(found).length === 0 ? [] : [[entry.key, found]];
  });
  return {
    reporting,
    log,
    sensors: Object.fromEntries(corrections),
    quality,
    preAlerts: preAlerts.map(({ output: _, ...rule }) => rule),
  };
};

/** One value that comes from afar: a list counts as one. */
type RemoteValue = { readonly key: string; readonly value: unknown; readonly own: unknown };

/** What is changed from afar, and what the station has of its own. */
export const remoteValuesIn = (values: unknown, own: unknown, path: KeyPath = []): RemoteValue[] =>
  isMapping(values)
    ? Object.entries(values).flatMap(([key, value]) =>
        remoteValuesIn(value, isMapping(own) && Object.hasOwn(own, key) ? own[key] : undefined, [
          ...path,
          key,
        ]),
      )
    : [{ key: dottedKey(path), value: values, own }];
