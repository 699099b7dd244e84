import { closestMatch } from 'leven';
import { z } from 'zod';
import { type ConfigProblem, dottedKey, type KeyPath } from './text-file.ts';
import { parseYaml, type YamlDocument } from './yaml-document.ts';

/** Looks through what only completes or converts a schema. */
const unwrap = (schema: unknown): unknown => {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodExactOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodReadonly
  )
    return unwrap(schema.unwrap());
  return schema instanceof z.ZodPipe ? unwrap(schema.in) : schema;
};

const property = (value: unknown, key: PropertyKey): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;

/** What stands at a path of plain data. */
const dataAt = (value: unknown, path: KeyPath): unknown => path.reduce(property, value);

/** The member of a discriminated union that a value says it is. */
const memberFor = (union: z.ZodDiscriminatedUnion, value: unknown): unknown => {
  const discriminator = union.def.discriminator;
  return union.options.map(unwrap).find((option) => {
    const field = option instanceof z.ZodObject ? option.shape[discriminator] : undefined;
    return field instanceof z.ZodType && field.safeParse(property(value, discriminator)).success;
  });
};

const objectFor = (schema: unknown, value: unknown): z.ZodObject | null => {
  const bare = unwrap(schema);
  const chosen = bare instanceof z.ZodDiscriminatedUnion ? memberFor(bare, value) : bare;
  return chosen instanceof z.ZodObject ? chosen : null;
};

const schemaAt = (schema: unknown, value: unknown, path: KeyPath): unknown => {
  const [segment, ...rest] = path;
  if (segment === undefined) return schema;
  const bare = unwrap(schema);
  const ofEach = bare instanceof z.ZodArray ? bare.element : undefined;
  const ofAnyName = bare instanceof z.ZodRecord ? bare.valueType : undefined;
  const inner = ofEach ?? ofAnyName ?? objectFor(bare, value)?.shape[String(segment)];
  return schemaAt(inner, property(value, segment), rest);
};

/** The keys that the mapping at a path may have; none when it is not a mapping. */
const keysAt = (schema: z.ZodType, value: unknown, path: KeyPath): string[] => {
  return Object.keys(objectFor(schemaAt(schema, value, path), dataAt(value, path))?.shape ?? {});
};

/** A file's text against a schema: the value with its defaults, or every problem there is, in the file's order. */
export type Validated<T> =
  | { readonly value: T; readonly problems?: undefined }
  | { readonly value?: undefined; readonly problems: readonly ConfigProblem[] };

/** What is wrong with several keys together, which a schema of single keys cannot say. */
export type CrossProblem = { readonly path: KeyPath; readonly found?: string; readonly allowed: string };

export type ValidationOptions<S extends z.ZodType> = {
  readonly file: string;
  readonly text: string;
  readonly schema: S;
  /** Sees the value as it stands in the file, however broken. */
  readonly crossCheck?: (value: unknown) => readonly CrossProblem[];
};

type Placed = {
  readonly path: KeyPath;
  readonly found: string;
  readonly allowed: string;
  readonly isAboutKey?: boolean;
};

/** A proxy is a secret where it names a user, whatever is wrong with it. */
const isSecret = (key: string, value: unknown): boolean =>
  key === 'token' || (key === 'proxy' && String(value).includes('@'));
const SHOWN_LENGTH = 60;
const MAX_TYPOS = 3;
/** More are of another kind of file, and placing each takes time. */
const MAX_UNKNOWN_KEYS = 50;

/** So much of a value that a line about it stays readable. */
export const shorten = (text: string): string =>
  text.length <= SHOWN_LENGTH ? text : `${text.slice(0, SHOWN_LENGTH - 1)}…`;

const describeFound = (document: YamlDocument, path: KeyPath): string => {
  const value = dataAt(document.value, path);
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (isSecret(String(path.at(-1)), value)) return 'a secret that is not shown here';
  if (typeof value === 'string') return shorten(JSON.stringify(value));
  return shorten(document.writtenAt(path) ?? String(value));
};

const KINDS: Readonly<Record<string, string>> = {
  array: 'a list',
  boolean: 'true or false',
  string: 'text',
  number: 'a number',
  record: 'a mapping',
};

const DECIMAL_COMMA = /^[+-]?\d+,\d+$/;

const describeAllowed = (issue: z.core.$ZodIssue, keys: readonly string[]): string => {
  if (issue.code === 'invalid_type') {
    if (keys.length > 0) return `a mapping with the keys ${keys.join(', ')}`;
    const isOwnMessage = !issue.message.startsWith('Invalid input');
    const allowed = isOwnMessage ? issue.message : (KINDS[issue.expected] ?? issue.message);
    const isBareText =
      issue.expected === 'string' && (typeof issue.input === 'number' || typeof issue.input === 'boolean');
    if (issue.expected === 'number' && typeof issue.input === 'string' && DECIMAL_COMMA.test(issue.input))
      return `${allowed}, with a decimal point: ${issue.input.replace(',', '.')}`;
    return isBareText ? `${allowed}, as text in quotes` : allowed;
  }
  if (issue.code === 'invalid_union' && 'options' in issue && issue.options !== undefined)
    return `one of ${issue.options.join(', ')}`;
  return issue.message;
};

const unknownKey = (key: string, path: KeyPath, keys: readonly string[]): Placed => {
  const meant = closestMatch(key, keys, { maxDistance: Math.min(MAX_TYPOS, key.length - 1) });
  const hint = meant === undefined ? '' : ` (did you mean ${meant}?)`;
  return {
    path: [...path, key],
    found: 'an unknown key',
    allowed: `${keys.join(', ')}${hint}`,
    isAboutKey: true,
  };
};

const placedIssues = (error: z.ZodError, schema: z.ZodType, document: YamlDocument): Placed[] =>
  error.issues.flatMap((issue): Placed[] => {
    const keys = keysAt(schema, document.value, issue.path);
    if (issue.code === 'unrecognized_keys')
      return issue.keys.slice(0, MAX_UNKNOWN_KEYS).map((key) => unknownKey(key, issue.path, keys));
    const allowed = describeAllowed(issue, keys);
    return [{ path: issue.path, found: describeFound(document, issue.path), allowed }];
  });

/** A value may break several rules that are stated in the same words. */
const isNew = (problem: ConfigProblem, index: number, all: readonly ConfigProblem[]): boolean =>
  all.findIndex(({ key, allowed }) => key === problem.key && allowed === problem.allowed) === index;

const inOrder = (a: ConfigProblem, b: ConfigProblem): number =>
  (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);

/** A checked value with its keys in the order of the file, in which instruments take precedence; defaults follow. */
const inWrittenOrder = (value: unknown, written: unknown): unknown => {
  if (!isMapping(value) || !isMapping(written)) return value;
  const keys = new Set([...Object.keys(written).filter((key) => key in value), ...Object.keys(value)]);
  return Object.fromEntries([...keys].map((key) => [key, inWrittenOrder(value[key], written[key])]));
};

export const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Checks a YAML 1.2 text whole: broken syntax first, then all keys and values at once. */
export const validateYaml = <S extends z.ZodType>(options: ValidationOptions<S>): Validated<z.output<S>> => {
  const { file, schema, crossCheck = () => [] } = options;
  const document = parseYaml(options.text);
  const faults = document.faults.map((fault) => ({ file, ...fault }));
  if (document.isBroken) return { problems: faults };

  const result = schema.safeParse(document.value, { reportInput: true });
  const issues = result.success ? [] : placedIssues(result.error, schema, document);
  const crossed = crossCheck(document.value).map(
    ({ path, found, allowed }): Placed => ({ path, found: found ?? describeFound(document, path), allowed }),
  );
  const placed = [...issues, ...crossed].map(({ path, found, allowed, isAboutKey }): ConfigProblem => {
    const position = isAboutKey === true ? document.keyAt(path) : document.valueAt(path);
    return { file, ...position, key: dottedKey(path), found, allowed };
  });
  const problems = [...faults, ...placed].filter(isNew).sort(inOrder);
  return result.success && problems.length === 0
    ? { value: inWrittenOrder(result.data, document.value) as z.output<S> }
    : { problems };
};
