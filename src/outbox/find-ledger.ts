import type { Store } from '../store/store.ts';
import { decodeLedger, isAhead, LEDGER_KEY, type Ledger, withLane } from './ledger.ts';
import { readLegacyGaps } from './legacy-gaps.ts';
import { reconstruct } from './reconstruct.ts';
import { epochRange, LOWEST_KEY, parseRecordKey } from './record-key.ts';
import { type RecordLane, recordLanes } from './records.ts';
import { decodeRecord } from './stored-record.ts';

export type FoundLedger = {
  readonly ledger: Ledger;
  /** Why records may be missing; `null` when nothing says so. */
  readonly doubt: string | null;
};

type CaughtUp = { readonly ledger: Ledger; readonly isTailDamaged: boolean };

const CHUNK = 100;

/** Brings a lane up to what was appended after the ledger was last written; its newest intact record tells. */
const catchUp = async (store: Store, ledger: Ledger, lane: RecordLane): Promise<CaughtUp> => {
  const { nextSeq, accepted } = ledger.lanes[lane];
  let { from, until } = epochRange(lane, { epoch: ledger.epoch, seq: nextSeq });
  // Damaged entries behind the newest intact record were records too.
  for (let passed = 0; ; ) {
    const limit = passed === 0 ? 1 : CHUNK;
    const entries = await store.entries({ from, until }, { limit, reverse: true });
    for (const [entry, value] of entries) {
      const record = decodeRecord(entry, value);
      const seq = parseRecordKey(entry)?.seq;
      if (seq !== undefined && record?.kind === 'accepted')
        return caughtUp(seq + passed, record.acceptedBytes, passed > 0);
      passed += 1;
      until = entry;
    }
    if (entries.length === 0) return caughtUp(nextSeq - 1 + passed, accepted.bytes, passed > 0);
  }

  function caughtUp(lastSeq: number, bytes: number, isTailDamaged: boolean): CaughtUp {
    const count = accepted.count + lastSeq + 1 - nextSeq;
    return {
      ledger: withLane(ledger, lane, { nextSeq: lastSeq + 1, accepted: { count, bytes } }),
      isTailDamaged,
    };
  }
};

/** Where the outbox stands, as far as store and mark still tell it; `null` when it never was. Changes nothing. */
export const findLedger = async (store: Store, marked: Ledger | null): Promise<FoundLedger | null> => {
  const stored = await store.get(LEDGER_KEY);
  const saved = stored === undefined ? null : decodeLedger(stored);
  const known = saved ?? marked ?? (await reconstruct(store));
  if (known === null) return null;
  const readings = await catchUp(store, known, 'reading');
  const both = await catchUp(store, readings.ledger, 'prealert');
  const isBehind = marked !== null && isAhead(marked, both.ledger);
  const ledger = isBehind || saved === null ? clearAll(isBehind ? marked : both.ledger) : both.ledger;
  const gaps = [...(await readLegacyGaps(store, stored, ledger)), ...ledger.gaps];
  const isTailDamaged = readings.isTailDamaged || both.isTailDamaged;
  return { ledger: { ...ledger, gaps }, doubt: doubtOf({ isLost: saved === null, isTailDamaged, isBehind }) };
};

/** What was deleted may be there again. */
const clearAll = (ledger: Ledger): Ledger =>
  recordLanes.reduce((all, lane) => withLane(all, lane, { cleared: LOWEST_KEY }), ledger);

const doubtOf = (found: {
  readonly isLost: boolean;
  readonly isTailDamaged: boolean;
  readonly isBehind: boolean;
}): string | null => {
  if (found.isLost) return 'what the outbox knew of itself is damaged or lost';
  if (found.isTailDamaged) return 'the newest records are damaged';
  return found.isBehind ? 'the newest records are missing' : null;
};
