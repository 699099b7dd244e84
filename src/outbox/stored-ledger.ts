import { z } from 'zod';
import type { Store, StoreChange } from '../store/store.ts';
import { type Gap, gapSchema } from './gap.ts';
import { emptyLane, gapsSchema, type Ledger, ledgerSchema, stretchesOf } from './ledger.ts';
import { epochOf, laneRange } from './record-key.ts';
import { addChecksum, decodeRecord, parseBody, verifyChecksum } from './stored-record.ts';

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

/** In the form of release 0.1.0, which must still open the store when a station goes back to it. */
const LEDGER_KEY = 'outbox/ledger';
/** What 0.1.0 does not know. */
const MORE_KEY = 'outbox/ledger-more';

const moreSchema = z.object({
  gaps: gapsSchema,
  /** By epoch: the newest reading before it. */
  previous: z.record(z.string(), ledgerSchema.shape.previous),
});

/** The lane in which 0.1.0 keeps gaps, and the oldest reading that one of them names. */
const legacySchema = z.object({
  untold: z.object({ epoch: z.string(), seq: z.int() }).nullable(),
  lanes: z.object({
    gap: z.object({ accepted: z.object({ count: z.int() }), removed: z.object({ count: z.int() }) }),
  }),
});

export const isPartOfLedger = ({ key }: StoreChange): boolean => key === LEDGER_KEY || key === MORE_KEY;

/** `before`: the ledger that is on the disk, or `null` where another one is. */
export const ledgerChanges = (ledger: Ledger, before: Ledger | null): readonly StoreChange[] => {
  const { gaps, previous, earlier, lanes, ...rest } = ledger;
  const stored = {
    ...rest,
    earlier: earlier.map(({ epoch, lastSeq }) => ({ epoch, lastSeq: { ...lastSeq, gap: 0 } })),
    lanes: { ...lanes, gap: emptyLane(ledger.epoch) },
    untold: null,
  };
  const change = (key: string, value: unknown): StoreChange => ({
    key,
    value: addChecksum(key, JSON.stringify(value)),
  });
  const changes = [change(LEDGER_KEY, stored)];
  if (before?.gaps === gaps && before.earlier.length === earlier.length) return changes;
  const all = Object.fromEntries([...earlier, ledger].map((each) => [each.epoch, each.previous]));
  return [...changes, change(MORE_KEY, { gaps, previous: all })];
};

export type StoredLedger = {
  /** `null` when it is missing, damaged, or of a release that keeps it in another form. */
  readonly ledger: Ledger | null;
  /** Of release 0.1.0: gaps that wait in a lane, and the oldest reading that they name. */
  readonly legacyGaps: { readonly waiting: number; readonly untold: { epoch: string; seq: number } | null };
};

const readJson = async (store: Pick<Store, 'get'>, key: string): Promise<unknown> => {
  const value = await store.get(key);
  const text = value === undefined ? undefined : verifyChecksum(key, value);
  return typeof text === 'string' ? JSON.parse(text) : text;
};

export const readStoredLedger = async (store: Pick<Store, 'get'>): Promise<StoredLedger> => {
  const stored = await readJson(store, LEDGER_KEY);
  const found = await readJson(store, MORE_KEY);
  const more = found === undefined ? { gaps: [], previous: {} } : moreSchema.safeParse(found).data;
  const ledger = ledgerSchema.safeParse(stored).data ?? null;
  const legacy = legacySchema.safeParse(stored).data;
  const { accepted, removed } = legacy?.lanes.gap ?? { accepted: { count: 0 }, removed: { count: 0 } };
  const legacyGaps = { waiting: accepted.count - removed.count, untold: legacy?.untold ?? null };
  if (ledger === null || more === undefined) return { ledger: null, legacyGaps };
  const previousOf = (epoch: string) => more.previous[epoch] ?? null;
  const earlier = ledger.earlier.map((each) => ({ ...each, previous: previousOf(each.epoch) }));
  return {
    ledger: { ...ledger, gaps: more.gaps, previous: previousOf(ledger.epoch), earlier },
    legacyGaps,
  };
};
