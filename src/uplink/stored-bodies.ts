import { z } from 'zod';
import type { TimeOf } from '../outbox/gap.ts';
import { perStandardQuantity } from '../weather/quantities.ts';

/** What the lanes of the outbox hold. A store outlives the release that wrote it, so bodies are checked. */

const instantSchema = z.object({
  bootId: z.string(),
  monotonicMs: z.number(),
  wallMs: z.number(),
  synchronized: z.boolean(),
});

const value = z.number().nullable();

/** What another release measured and this one does not know is passed on, if it is a number. */
const valuesSchema = z.object(perStandardQuantity(() => value.default(null))).catchall(value.catch(null));

export const readingBodySchema = z.object({
  at: instantSchema,
  values: valuesSchema,
  quality: z.record(z.string(), z.string()),
});

/** All but the moment goes out as it is: the rule that raised it knows best. */
export const preAlertBodySchema = z.looseObject({ at: instantSchema });

/** When a stored record was taken: the times of a gap. */
export const timeOf: TimeOf = (body) => {
  const { success, data } = preAlertBodySchema.safeParse(body);
  return success ? data.at : null;
};
