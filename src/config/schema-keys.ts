import { z } from 'zod';
import type { KeyPath } from './problem.ts';

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
export const dataAt = (value: unknown, path: KeyPath): unknown => path.reduce(property, value);

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
  const inner = bare instanceof z.ZodArray ? bare.element : objectFor(bare, value)?.shape[String(segment)];
  return schemaAt(inner, property(value, segment), rest);
};

/** The keys that the mapping at a path may have; none when it is not a mapping. */
export const keysAt = (schema: z.ZodType, value: unknown, path: KeyPath): string[] => {
  return Object.keys(objectFor(schemaAt(schema, value, path), dataAt(value, path))?.shape ?? {});
};
