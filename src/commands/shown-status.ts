import { z } from 'zod';
import { perStandardQuantity } from '../weather/quantities.ts';

const value = z.number().nullable();

/** What `status` shows of a daemon's answer, which may be of another version: the rest is left alone. */
export const shownStatus = z.object({
  station: z.object({ id: z.string(), name: z.string() }),
  version: z.string(),
  uptimeSeconds: z.number(),
  intervalSeconds: z.number(),
  latest: z
    .object({
      datetime: z.string(),
      ...perStandardQuantity(() => value),
      timequality: z.string(),
      quality: z.record(z.string(), z.string()),
    })
    .catchall(z.unknown())
    .nullable(),
  latestAgeSeconds: value,
  instruments: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      errors: z.number(),
      lastFault: z.object({ code: z.string(), message: z.string(), datetime: z.string() }).nullable(),
    }),
  ),
  link: z.object({
    state: z.string(),
    reason: z.string().optional(),
    sinceSeconds: z.number(),
    reconnects: z.number(),
    problem: z.string().nullable().default(null),
  }),
  refusedLanes: z
    .array(z.object({ lane: z.string(), topic: z.string(), reason: z.string(), sinceSeconds: z.number() }))
    .default([]),
  outbox: z.object({
    lanes: z.object({ reading: z.object({ waiting: z.number(), waitingBytes: z.number() }) }),
    totals: z.object({ delivered: z.number(), setAside: z.number(), givenUp: z.number() }),
    oldestAgeSeconds: value,
    maxBytes: z.number(),
  }),
  drain: z.object({ readingsPerSecond: z.number(), secondsLeft: value }),
  clock: z.object({ isSynchronized: z.boolean(), steps: z.number() }),
  preAlerts: z.array(
    z.object({
      rule: z.string(),
      state: z.string(),
      severity: z.string(),
      text: z.string(),
      output: z.object({ gpio: z.number(), state: z.string() }).nullable(),
    }),
  ),
  storeReport: z.string().nullable(),
  certificateDaysLeft: value,
  health: z.object({ isHealthy: z.boolean(), reason: z.string().nullable() }),
});

export type ShownStatus = z.output<typeof shownStatus>;
