import { z } from 'zod';
import { isOptional, perQuantity, quantityTable } from '../weather/quantities.ts';
import type { Instant, QualityFlags, RawMeasurement, Values } from '../weather/reading.ts';
import { findTimeFormat, fixedZone } from './time-format.ts';

export type RecordedReading = {
  readonly raw: RawMeasurement;
  /** Whether quality control has seen it already; its flags are then the faults of `raw`. */
  readonly isJudged: boolean;
  /** `epoch/seq`, by which a reading that was delivered twice is known; `null` where it was not recorded. */
  readonly identity: string | null;
};

/** A reading of a file. The recorded times stand for the monotonic clock of one long run. */
export const readingAt = (
  wallMs: number,
  values: Values,
  quality: QualityFlags | undefined,
  identity: string | null,
): RecordedReading => {
  const at: Instant = { bootId: 'recorded', monotonicMs: wallMs, wallMs, synchronized: true };
  return { raw: { at, values, faults: quality ?? {} }, isJudged: quality !== undefined, identity };
};

/** Those of another release, too, may be of quantities that this one does not know. */
const flags = z.record(z.string(), z.string());

/** Flags as a table has them, in JSON; `undefined` for an empty field, `null` for something else. */
export const parseFlags = (text: string): QualityFlags | null | undefined => {
  if (text === '') return undefined;
  try {
    return flags.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
};

const toUtc = fixedZone(0);
const EXAMPLE = 'a UTC time such as 2020-05-11 09:42:05';

const datetime = z.string(EXAMPLE).transform((text, context) => {
  const format = /^\d{4}-/.test(text) ? findTimeFormat([text], false) : null;
  if (format === null || !/\d:\d/.test(text)) {
    context.addIssue({ code: 'custom', message: EXAMPLE });
    return z.NEVER;
  }
  const wallMs = format.parse(text, toUtc, Number.NEGATIVE_INFINITY);
  if (Number.isNaN(wallMs)) context.addIssue({ code: 'custom', message: 'a time that exists' });
  return wallMs;
});

const shape = z.object(
  {
    datetime,
    quality: flags.exactOptional(),
    epoch: z.string().nullish(),
    seq: z.number().nullish(),
  },
  'a reading',
);

const value = z.number().nullable();

/** Checks one reading of JSON; a value that is no number costs that value, what is wrong with the rest the reading. */
export const checkReading = (
  reading: unknown,
):
  | { readonly recorded: RecordedReading; readonly bad: Readonly<Record<string, unknown>> }
  | { readonly complaint: string } => {
  const parsed = shape.safeParse(reading);
  if (!parsed.success) {
    const complaints = parsed.error.issues.map(({ path, message }) =>
      [...path, `allowed is ${message}`].join(': '),
    );
    return { complaint: complaints.join('; ') };
  }
  const fields = new Map(Object.entries(reading as object));
  const bad: Record<string, unknown> = {};
  const values = perQuantity((quantity) => {
    const given = fields.get(quantity) ?? null;
    if (given === null && isOptional(quantityTable[quantity])) return undefined;
    const checked = value.safeParse(given);
    if (!checked.success) bad[quantity] = given;
    return checked.data ?? null;
  });
  const { datetime: wallMs, quality, epoch, seq } = parsed.data;
  const identity = typeof epoch === 'string' && typeof seq === 'number' ? `${epoch}/${seq}` : null;
  return { recorded: readingAt(wallMs, values, quality, identity), bad };
};
