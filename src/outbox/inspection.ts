import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openForInspection } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { walkLane } from './batch.ts';
import { findLedger } from './find-ledger.ts';
import { type Ledger, statsOf } from './ledger.ts';
import { type Lane, type OutboxRecord, type RecordLane, recordLanes } from './records.ts';
import { openLedgerMark } from './stored-ledger.ts';
import { type KeySpan, readDeadLetters } from './stored-record.ts';

/** `records`: how many are intact. */
export type Verified = {
  readonly lane: RecordLane;
  readonly records: number;
  readonly losses: readonly KeySpan[];
};

const verifyLane = async (store: Store, ledger: Ledger, lane: RecordLane): Promise<Verified> => {
  const losses: KeySpan[] = [];
  let records = 0;
  for await (const batch of walkLane(store, ledger, lane)) {
    records += batch.count;
    if (batch.lost !== null) losses.push(batch.lost);
  }
  return { lane, records, losses };
};

const peekLane = async (
  store: Store,
  ledger: Ledger,
  lane: Lane,
  maxRecords: number,
): Promise<readonly OutboxRecord[]> => {
  if (lane === 'gap')
    return ledger.gaps.slice(0, maxRecords).map((gap) => ({ epoch: gap.epoch, seq: gap.fromseq, body: gap }));
  const found: OutboxRecord[] = [];
  for await (const { records } of walkLane(store, ledger, lane)) {
    for (const { epoch, seq, body } of records) found.push({ epoch, seq, body });
    if (found.length >= maxRecords) break;
  }
  return found.slice(0, maxRecords);
};

/** An outbox that is only looked at. */
export type Inspection = Exclude<Awaited<ReturnType<typeof inspectOutbox>>, string>;

/**
 * Opens the outbox below a directory without repairing or changing what it holds. Resolves with a sentence where
 * there is none to look at; rejects with `StorageLockedError` while the daemon has it.
 */
export const inspectOutbox = async (directory: string) => {
  if (!existsSync(join(directory, 'store'))) return `there is no outbox in ${directory} yet`;
  const opened = await openForInspection(directory);
  if ('damage' in opened) return `damaged, the daemon will repair it when it starts: ${opened.damage}`;
  const { store, report } = opened;
  const found = await findLedger(store, openLedgerMark(join(directory, 'high-water')).read());
  if (found === null) {
    await store.close();
    return `nothing was ever put into the outbox in ${directory}`;
  }
  const { ledger, doubt } = found;
  return {
    /** What is wrong with it as far as opening showed, or `null`. */
    damage: report.outcome === 'whole' ? doubt : report.cause,
    stats: () => statsOf(ledger),
    /** The oldest records of a lane; damaged ones are passed over. A gap is named by its first reading. */
    peek: (lane: Lane, maxRecords: number) => peekLane(store, ledger, lane, maxRecords),
    deadLetters: () => readDeadLetters(store),
    /** Reads everything that waits. */
    verify: () => Promise.all(recordLanes.map((lane) => verifyLane(store, ledger, lane))),
    close: () => store.close(),
  };
};
