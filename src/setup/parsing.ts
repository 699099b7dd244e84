// How answers are understood.
import type { z } from 'zod';
import type { Parsed } from './dialogue.ts';
import type { Part } from './try-out.ts';

/** Asks for what a schema allows. */
export const as =
  <T>(schema: z.ZodType<T>) =>
  (typed: string): Parsed<T> => {
    const { data, error } = schema.safeParse(typed);
    return error === undefined ? { value: data } : { allowed: error.issues[0]?.message ?? 'another value' };
  };

/** Numbers may have a decimal comma. */
export const asNumber =
  (schema: z.ZodType<number | undefined>) =>
  (typed: string): Parsed<number> => {
    const { data, error } = schema.safeParse(typed === '' ? Number.NaN : Number(typed.replace(',', '.')));
    return error === undefined && data !== undefined
      ? { value: data }
      : { allowed: error?.issues[0]?.message ?? 'a number' };
  };

export const NONE = 'none';

/** A value that may be left out. */
export const orNone =
  <T>(parse: (typed: string) => Parsed<T>) =>
  (typed: string): Parsed<T | undefined> => {
    if (typed.toLowerCase() === NONE) return { value: undefined };
    const parsed = parse(typed);
    return 'value' in parsed ? parsed : { allowed: `${parsed.allowed}, or ${NONE}` };
  };

/** A part with these values; `undefined` takes one away. */
export const withValues = (part: Part, values: Part): Part =>
  Object.fromEntries(Object.entries({ ...part, ...values }).filter(([, value]) => value !== undefined));

export const textOf = (value: unknown, otherwise: string): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : otherwise;

export const hex = (value: number): string => `0x${value.toString(16)}`;
