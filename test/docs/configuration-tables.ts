import { z } from 'zod';
import { gatewayJsonSchema } from '../../src/config/schema.ts';
import { markdownTable } from '../markdown-table.ts';

const HEAD = ['key', 'default', 'meaning'];

/** The parts of JSON schema that the configuration uses. */
type Schema = {
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly const?: string | undefined;
  readonly enum?: readonly unknown[] | undefined;
  readonly properties?: Readonly<Record<string, Schema>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: Schema | false | undefined;
  readonly items?: Schema | undefined;
  readonly oneOf?: readonly Schema[] | undefined;
};

const schema: z.ZodType<Schema> = z.lazy(() =>
  z.object({
    description: z.string().optional(),
    default: z.unknown().optional(),
    const: z.string().optional(),
    enum: z.array(z.unknown()).optional(),
    properties: z.record(z.string(), schema).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.literal(false), schema]).optional(),
    items: schema.optional(),
    oneOf: z.array(schema).optional(),
  }),
);

type Entry = { readonly key: string; readonly schema: Schema; readonly isRequired: boolean };

/** Every key that takes a value, with its dotted path below `within`. */
const entriesOf = (within: string, { properties = {}, required = [] }: Schema): Entry[] =>
  Object.entries(properties).flatMap(([name, child]) => {
    const key = within === '' ? name : `${within}.${name}`;
    if (child.properties !== undefined) return entriesOf(key, child);
    // Below a name that the person chooses.
    if (child.additionalProperties) return entriesOf(`${key}.NAME`, child.additionalProperties);
    return [{ key, schema: child, isRequired: required.includes(name) }];
  });

/** Parts of the file that may be left out although a key in them is required. */
const OPTIONAL_PARTS = /^(sensors\.kernel\.NAME|sensors\.\w+|output)\./;

const isAddress = (key: string): boolean => key.endsWith('address');

const formatValue = (key: string, value: unknown): string => {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : 'all';
  if (isAddress(key) && typeof value === 'number') return `\`0x${value.toString(16)}\``;
  return `\`${String(value)}\``;
};

const formatDefault = ({ key, schema: entry, isRequired }: Entry): string => {
  const part = OPTIONAL_PARTS.exec(key)?.[1];
  if (isRequired) return part === undefined ? '**required**' : `required in \`${part}\``;
  return entry.default === undefined ? '–' : formatValue(key, entry.default);
};

/** Prose of the schema already names addresses; other choices are listed. */
const formatMeaning = ({ key, schema: { description = '', enum: choices } }: Entry): string => {
  if (choices === undefined || isAddress(key)) return description;
  return `${description} One of ${choices.map((choice) => formatValue(key, choice)).join(', ')}.`.trim();
};

const rowOf = (entry: Entry): string[] => [`\`${entry.key}\``, formatDefault(entry), formatMeaning(entry)];

const tableOf = (entries: readonly Entry[]): string => markdownTable(HEAD, entries.map(rowOf));

const ruleSections = (rules: readonly Schema[]): string[] => {
  const all = rules.map((rule) => entriesOf('', rule).filter(({ key }) => key !== 'kind'));
  const text = (entry: Entry): string => rowOf(entry).join();
  const isCommon = (entry: Entry): boolean =>
    all.every((entries) => entries.some((other) => text(other) === text(entry)));
  return [
    `Every rule takes these keys:\n\n${tableOf((all[0] ?? []).filter(isCommon))}`,
    ...rules.map((rule, index) => {
      const own = (all[index] ?? []).filter((entry) => !isCommon(entry));
      return `### Rules of kind ${rule.properties?.['kind']?.const}\n\n${rule.description ?? ''}\n\n${tableOf(own)}`;
    }),
  ];
};

/** The reference part of docs/configuration.md: a table for each part of the file, out of its schema. */
export const configurationTables = (): string => {
  const { properties = {} } = schema.parse(JSON.parse(JSON.stringify(gatewayJsonSchema())));
  return Object.entries(properties)
    .map(([name, part]) => {
      const body =
        part.items?.oneOf === undefined ? [tableOf(entriesOf(name, part))] : ruleSections(part.items.oneOf);
      return [`## ${name}`, part.description ?? '', ...body].join('\n\n');
    })
    .join('\n\n');
};
