import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { openForInspection } from '../store/open-store.ts';
import type { Store } from '../store/store.ts';
import { readLedger } from './find-ledger.ts';
import { openHighWaterFile } from './high-water.ts';
import { type Loss, scanLane } from './lane-scan.ts';
import { endOf, type Ledger, statsOf } from './ledger.ts';
import { type Lane, lanes, type OutboxRecord, type OutboxStats } from './outbox.ts';
import { epochOf, isBefore } from './place.ts';
import { readSetAside, type SetAsideRecord } from './set-aside.ts';
import { parseBody } from './stored-record.ts';

const SCAN_RECORDS = 1_000;

export type Verified = {
  readonly lane: Lane;
  /** Records that are whole. */
  readonly records: number;
  readonly losses: readonly Loss[];
};

/** An outbox that is only looked at. */
export type Inspection = {
  /** What is wrong with it as far as opening showed, or `null`. */
  readonly damage: string | null;
  stats(): OutboxStats;
  /** The oldest records of a lane; damaged ones are passed over. */
  peek(lane: Lane, maxRecords: number): Promise<readonly OutboxRecord[]>;
  setAside(): Promise<readonly SetAsideRecord[]>;
  /** Reads everything that waits. */
  verify(): Promise<readonly Verified[]>;
  close(): Promise<void>;
};

const verifyLane = async (store: Store, ledger: Ledger, lane: Lane): Promise<Verified> => {
  const losses: Loss[] = [];
  let records = 0;
  let next = ledger.lanes[lane].head;
  while (isBefore(next, endOf(ledger, lane))) {
    const scan = await scanLane(store, [ledger, lane], { from: next, maxRecords: SCAN_RECORDS });
    records += scan.records.length;
    if (scan.loss !== null) losses.push(scan.loss);
    next = scan.next;
  }
  return { lane, records, losses };
};

const peekLane = async (
  store: Store,
  [ledger, lane]: readonly [Ledger, Lane],
  maxRecords: number,
): Promise<readonly OutboxRecord[]> => {
  const found: OutboxRecord[] = [];
  let next = ledger.lanes[lane].head;
  while (found.length < maxRecords && isBefore(next, endOf(ledger, lane))) {
    const scan = await scanLane(store, [ledger, lane], { from: next, maxRecords: maxRecords - found.length });
    for (const { place, json } of scan.records)
      found.push({ epoch: epochOf(place.epoch), seq: place.seq, body: parseBody(json) });
    next = scan.next;
  }
  return found;
};

/**
 * Opens the outbox below a directory without repairing or changing what it holds. Resolves with a sentence where
 * there is none to look at; rejects with `StorageLockedError` while the daemon has it.
 */
export const inspectOutbox = async (directory: string): Promise<Inspection | string> => {
  const isThere = await access(join(directory, 'store')).then(
    () => true,
    () => false,
  );
  if (!isThere) return `there is no outbox in ${directory} yet`;
  const opened = await openForInspection(directory);
  if ('damage' in opened) return `damaged, the daemon will repair it when it starts: ${opened.damage}`;
  const { store, report } = opened;
  const standing = await readLedger(store, openHighWaterFile(join(directory, 'high-water')).read());
  if (standing === null) {
    await store.close();
    return `nothing was ever put into the outbox in ${directory}`;
  }
  const { ledger, doubt } = standing;
  return {
    damage: report.outcome === 'whole' ? doubt : report.cause,
    stats: () => statsOf(ledger),
    peek: (lane, maxRecords) => peekLane(store, [ledger, lane], maxRecords),
    setAside: () => readSetAside(store),
    verify: () => Promise.all(lanes.map((lane) => verifyLane(store, ledger, lane))),
    close: () => store.close(),
  };
};
