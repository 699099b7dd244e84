import type { Store } from '../store/store.ts';
import { type Gap, gapSchema } from './gap.ts';
import { type Ledger, stretchesOf } from './ledger.ts';
import { epochOf, laneRange } from './record-key.ts';
import { readStoredLedger, type StoredLedger } from './stored-ledger.ts';
import { decodeRecord, parseBody } from './stored-record.ts';

/** Where release 0.1.0 kept gaps: as records of a lane. */
const GAP_LANE = laneRange('gap');

const gapIn = (key: string, value: string): readonly Gap[] => {
  const record = decodeRecord(key, value);
  const gap = record?.kind === 'accepted' ? gapSchema.safeParse(parseBody(record.json)).data : undefined;
  return gap === undefined ? [] : [gap];
};

/** The gaps that release 0.1.0 left unsent, and where one is damaged, all readings that it may have named. */
export const readLegacyGaps = async (
  store: Store,
  { ledger: saved, legacyGaps: { waiting, untold } }: StoredLedger,
  ledger: Ledger,
): Promise<readonly Gap[]> => {
  if (saved !== null && waiting === 0) return [];
  const gaps = (await store.entries(GAP_LANE)).flatMap(([key, value]) => gapIn(key, value));
  if (untold === null || gaps.length >= waiting) return gaps;
  const named = stretchesOf(ledger, 'reading', { from: untold, until: ledger.lanes.reading.head });
  const damaged = named.map<Gap>(({ epoch, from: fromseq, to: toseq }) => {
    const range = { epoch: epochOf(epoch), fromseq, toseq, count: toseq - fromseq + 1 };
    return { ...range, reason: 'damaged', from: null, to: null, previous: null };
  });
  return [...gaps, ...damaged];
};

/** Removes them once the ledger on the disk holds them itself. */
export const removeLegacyGaps = async (store: Store): Promise<void> => {
  const { ledger, legacyGaps } = await readStoredLedger(store);
  if (ledger === null || legacyGaps.waiting > 0) return;
  const [first] = await store.entries(GAP_LANE, { limit: 1 });
  if (first !== undefined) await store.deleteRange(GAP_LANE);
};
