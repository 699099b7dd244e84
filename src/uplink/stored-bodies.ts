import { z } from 'zod';
import type { TimeOf } from '../outbox/gap.ts';
import { quantities } from '../weather/reading.ts';

/** What the lanes of the outbox hold. A store outlives the version that wrote it, so bodies are checked. */

const instantSchema = z.object({
  bootId: z.string(),
  monotonicMs: z.number(),
  wallMs: z.number(),
  synchronized: z.boolean(),
});

/** A quantity that the version which stored it did not know yet was not measured. */
const valuesSchema = z.object({
  temperature: z.number().nullable().default(null),
  humidity: z.number().nullable().default(null),
  winddirection: z.number().nullable().default(null),
  windintensity: z.number().nullable().default(null),
  windgust: z.number().nullable().default(null),
  rainheight: z.number().nullable().default(null),
  pressure: z.number().nullable().default(null),
});

export const readingBodySchema = z.object({
  at: instantSchema,
  values: valuesSchema,
  quality: z.partialRecord(z.enum(quantities), z.string()),
});

/** All but the moment goes out as it is: the rule that raised it knows best. */
export const preAlertBodySchema = z.looseObject({ at: instantSchema });

/** When a stored record was taken: what a gap tells of readings that were given up. */
export const timeOf: TimeOf = (body) => {
  const { success, data } = preAlertBodySchema.safeParse(body);
  return success ? data.at : null;
};
