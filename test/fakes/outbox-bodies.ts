import { z } from 'zod';
import type { TimeOf } from '../../src/outbox/gap.ts';
import type { OutboxStats } from '../../src/outbox/outbox.ts';
import type { Instant } from '../../src/reading.ts';

/** A moment that tells the index of its record. */
export const instantAt = (index: number): Instant => ({
  bootId: 'boot',
  monotonicMs: index * 12_000,
  wallMs: Date.UTC(2026, 5, 1) + index * 12_000,
  synchronized: true,
});

const timed = z.object({
  at: z.strictObject({
    bootId: z.string(),
    monotonicMs: z.number(),
    wallMs: z.number(),
    synchronized: z.boolean(),
  }),
});

export const timeOf: TimeOf = (body) => timed.safeParse(body).data?.at ?? null;

/** Whether every record that was accepted is delivered, set aside, given up, or waiting. */
export const isConserved = ({ totals, lanes }: OutboxStats): boolean =>
  totals.accepted ===
  totals.delivered + totals.setAside + totals.givenUp + lanes.reading.waiting + lanes.prealert.waiting;
