import { z } from 'zod';
import { isOptional, perQuantity, type Quantity, quantities, quantityTable } from '../weather/quantities.ts';
import type { Instant, RawMeasurement } from '../weather/reading.ts';

const DATETIME = /^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:\.\d+)?Z?$/;

const datetime = z
  .string('a UTC time such as 2020-05-11 09:42:05')
  .regex(DATETIME, 'a UTC time such as 2020-05-11 09:42:05')
  .transform((text, context) => {
    const wallMs = Date.parse(`${text.replace(' ', 'T').replace('Z', '')}Z`);
    if (Number.isNaN(wallMs)) context.addIssue({ code: 'custom', message: 'a time that exists' });
    return wallMs;
  });

const value = z.number('a number, or nothing').nullable();

const recordedValue = (quantity: Quantity): z.ZodType<number | null | undefined> =>
  isOptional(quantityTable[quantity]) ? value.optional() : value.default(null);

const values = Object.fromEntries(
  quantities.map((quantity) => [quantity, recordedValue(quantity)]),
) as Readonly<Record<Quantity, ReturnType<typeof recordedValue>>>;

/** What is needed of a recorded reading; a reading has more, and a table may have less. */
const recordedReading = z.object(
  {
    datetime,
    ...values,
    quality: z.record(z.string(), z.string()).exactOptional(),
    epoch: z.string().nullish(),
    seq: z.number().nullish(),
  },
  'a reading',
);

export type RecordedReading = {
  readonly raw: RawMeasurement;
  /** Whether quality control has seen it already; its flags are then the faults of `raw`. */
  readonly isJudged: boolean;
  /** `epoch/seq`, by which a reading that was delivered twice is known; `null` where it was not recorded. */
  readonly identity: string | null;
};

/** Checks one reading of a recording; what is wrong with it comes back as a complaint. */
export const checkReading = (
  reading: unknown,
): { readonly recorded: RecordedReading } | { readonly complaint: string } => {
  const parsed = recordedReading.safeParse(reading);
  if (!parsed.success) {
    const complaints = parsed.error.issues.map(({ path, message }) =>
      [...path, `allowed is ${message}`].join(': '),
    );
    return { complaint: complaints.join('; ') };
  }
  const { datetime: wallMs, quality, epoch, seq, ...measured } = parsed.data;
  // The recorded times stand for the monotonic clock of one long run.
  const at: Instant = { bootId: 'recorded', monotonicMs: wallMs, wallMs, synchronized: true };
  const identity = typeof epoch === 'string' && typeof seq === 'number' ? `${epoch}/${seq}` : null;
  return {
    recorded: {
      raw: { at, values: perQuantity((quantity) => measured[quantity]), faults: quality ?? {} },
      isJudged: quality !== undefined,
      identity,
    },
  };
};
