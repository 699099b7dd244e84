import { z } from 'zod';
import type { TimeOf } from '../../src/outbox/gap.ts';
import type { HighWaterMark } from '../../src/outbox/high-water.ts';
import { openOutboxOn } from '../../src/outbox/open-outbox.ts';
import type { Outbox, OutboxStats } from '../../src/outbox/outbox.ts';
import type { Store } from '../../src/store/store.ts';
import type { StoreReport } from '../../src/store/store-report.ts';
import type { Instant } from '../../src/weather/reading.ts';
import { createRecordingLog } from './log.ts';

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

/** A mark that nobody made and nobody reads. */
const noMark: HighWaterMark = { read: () => null, note: () => undefined, close: () => undefined };

export type OutboxForTest = {
  readonly maxBytes: number;
  readonly report?: StoreReport;
  readonly highWaterMark?: HighWaterMark;
};

/** An outbox on a store, as `openOutbox` would make it. */
export const openOutboxForTest = (
  store: Store,
  { maxBytes, report = { outcome: 'whole' }, highWaterMark = noMark }: OutboxForTest,
): Promise<Outbox> =>
  openOutboxOn({
    store,
    maxBytes,
    report,
    highWaterMark,
    log: createRecordingLog(),
    timeOf,
    wallMs: () => Date.UTC(2026, 5, 1),
  });
