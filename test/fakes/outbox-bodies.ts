import { ulid } from 'ulid';
import { z } from 'zod';
import { Batch } from '../../src/outbox/batch.ts';
import { openOutboxOn } from '../../src/outbox/open-outbox.ts';
import type { Outbox } from '../../src/outbox/outbox.ts';
import type { OutboxRecord, OutboxStats, RecordLane, TimeOf } from '../../src/outbox/records.ts';
import { type LedgerMark, noMark } from '../../src/outbox/stored-ledger.ts';
import { firstEpochKey, LOWEST_KEY } from '../../src/outbox/stored-record.ts';
import type { Store } from '../../src/store/store.ts';
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

export type OutboxForTest = {
  readonly maxBytes: number;
  readonly mark?: LedgerMark;
  readonly epoch?: string | undefined;
};

/** An outbox on a store, as `openOutbox` would make it. */
export const openOutboxForTest = (
  store: Store,
  { maxBytes, mark = noMark, epoch = ulid(Date.UTC(2026, 5, 1)) }: OutboxForTest,
): Promise<Outbox> => openOutboxOn({ store, maxBytes, mark, log: createRecordingLog(), timeOf }, epoch);

/** A batch of the given records, as a lane would give it. */
export const batchOf = (lane: RecordLane, records: readonly OutboxRecord[]): Batch => {
  const keyed = records.map((record) => {
    const key = { epoch: firstEpochKey(record.epoch), seq: record.seq };
    return { ...record, key, bytes: Buffer.byteLength(JSON.stringify(record.body)) };
  });
  const { key } = keyed.at(-1) ?? { key: LOWEST_KEY };
  return new Batch({ lane, records: keyed, lost: null, until: { ...key, seq: key.seq + 1 }, entries: [] });
};

/** What waits in a lane, up to the first damaged record behind the head. */
export const waitingIn = async (outbox: Outbox, lane: RecordLane): Promise<readonly OutboxRecord[]> => {
  const batch = await outbox.take(lane, { maxRecords: 10_000, maxBytes: 100_000_000 });
  return (batch?.records ?? []).map(({ key: _key, bytes: _bytes, ...record }) => record);
};

/** Accepts the oldest `count` records of a lane. */
export const acceptUpTo = async (outbox: Outbox, lane: RecordLane, count: number): Promise<void> => {
  const batch = await outbox.take(lane, { maxRecords: count, maxBytes: 100_000_000 });
  if (batch !== null) await outbox.accept(batch);
};

export const deadLetterOldest = async (outbox: Outbox, lane: RecordLane, reason: string): Promise<void> => {
  const batch = await outbox.take(lane, { maxRecords: 1, maxBytes: 1 });
  if (batch !== null) await outbox.deadLetter(batch, reason);
};
