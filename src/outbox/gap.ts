import { z } from 'zod';
import type { Instant } from '../weather/reading.ts';
import type { JsonValue } from './outbox.ts';

const instantSchema = z.strictObject({
  bootId: z.string(),
  monotonicMs: z.number(),
  wallMs: z.number(),
  synchronized: z.boolean(),
});

/**
 * The body of a record in the gap lane: readings of `epoch` that will never be sent.
 * `count` may be less than `toseq - fromseq + 1`: what an earlier gap told of is not counted again.
 */
export const gapBodySchema = z.strictObject({
  epoch: z.string(),
  fromseq: z.int(),
  toseq: z.int(),
  count: z.int(),
  reason: z.enum(['full', 'damaged', 'refused']),
  /** When the first and the last of them were taken; `null` where nobody knows any more. */
  from: instantSchema.nullable(),
  to: instantSchema.nullable(),
});

export type GapBody = Readonly<z.infer<typeof gapBodySchema>>;

/** When the record with this body was taken, or `null` when the body does not tell. */
export type TimeOf = (body: JsonValue) => Instant | null;

/** The one gap that tells what both tell, or `null` when they are not next to each other or differ in kind. */
export const joinGaps = (earlier: GapBody, later: GapBody): GapBody | null =>
  earlier.epoch === later.epoch && earlier.reason === later.reason && earlier.toseq + 1 === later.fromseq
    ? { ...earlier, toseq: later.toseq, count: earlier.count + later.count, to: later.to }
    : null;
