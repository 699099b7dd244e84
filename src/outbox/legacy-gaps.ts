import { z } from 'zod';
import type { Store } from '../store/store.ts';
import { type Gap, gapSchema } from './gap.ts';
import { LEDGER_KEY, type Ledger, stretchesOf } from './ledger.ts';
import { epochOf, laneRange } from './record-key.ts';
import { decodeRecord, parseBody, verifyChecksum } from './stored-record.ts';

/** Where releases before 0.2 kept gaps: as records of a lane, which only their ledgers have. */
const GAP_LANE = laneRange('gap');

const legacySchema = z.object({
  untold: z.object({ epoch: z.string(), seq: z.int() }).nullable(),
  lanes: z.object({
    gap: z.object({ accepted: z.object({ count: z.int() }), removed: z.object({ count: z.int() }) }),
  }),
});

/** `null` for a damaged or missing one, `undefined` for one of this release. */
const legacyLedger = (stored: string | undefined) => {
  const text = stored === undefined ? null : verifyChecksum(LEDGER_KEY, stored);
  return text === null ? null : legacySchema.safeParse(JSON.parse(text)).data;
};

const gapIn = (key: string, value: string): readonly Gap[] => {
  const record = decodeRecord(key, value);
  const gap = record?.kind === 'accepted' ? gapSchema.safeParse(parseBody(record.json)).data : undefined;
  return gap === undefined ? [] : [gap];
};

/** The gaps that an older release left unsent, and where one is damaged, all readings that it may have named. */
export const readLegacyGaps = async (
  store: Store,
  storedLedger: string | undefined,
  ledger: Ledger,
): Promise<readonly Gap[]> => {
  const legacy = legacyLedger(storedLedger);
  if (legacy === undefined) return [];
  const gaps = (await store.entries(GAP_LANE)).flatMap(([key, value]) => gapIn(key, value));
  const { accepted, removed } = legacy?.lanes.gap ?? { accepted: { count: 0 }, removed: { count: 0 } };
  const from = legacy?.untold ?? null;
  if (from === null || gaps.length >= accepted.count - removed.count) return gaps;
  const named = stretchesOf(ledger, 'reading', { from, until: ledger.lanes.reading.head });
  const damaged = named.map<Gap>(({ epoch, from: fromseq, to: toseq }) => {
    const count = toseq - fromseq + 1;
    return {
      epoch: epochOf(epoch),
      fromseq,
      toseq,
      count,
      reason: 'damaged',
      from: null,
      to: null,
      previous: null,
    };
  });
  return [...gaps, ...damaged];
};

/** Removes them once a ledger of this release, which holds the gaps itself, is on the disk. */
export const removeLegacyGaps = async (store: Store): Promise<void> => {
  if (legacyLedger(await store.get(LEDGER_KEY)) !== undefined) return;
  const [first] = await store.entries(GAP_LANE, { limit: 1 });
  if (first !== undefined) await store.deleteRange(GAP_LANE);
};
