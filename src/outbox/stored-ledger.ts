import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { z } from 'zod';
import type { Store, StoreChange } from '../store/store.ts';
import { emptyLane, type Ledger, ledgerSchema, stretchesOf } from './ledger.ts';
import { type Gap, gapSchema } from './records.ts';
import {
  addChecksum,
  decodeRecord,
  epochOf,
  jsonChange,
  laneRange,
  parseBody,
  verifyChecksum,
} from './stored-record.ts';

/** In the form of release 0.1.0, which must still open the store when a station goes back to it. */
const LEDGER_KEY = 'outbox/ledger';
/** What 0.1.0 does not know. */
const MORE_KEY = 'outbox/ledger-more';

const moreSchema = z.object({
  gaps: ledgerSchema.shape.gaps,
  /** By epoch: the newest reading before it. */
  previous: z.record(z.string(), ledgerSchema.shape.previous),
});

export const isPartOfLedger = ({ key }: StoreChange): boolean => key === LEDGER_KEY || key === MORE_KEY;

export const ledgerChanges = (ledger: Ledger): readonly StoreChange[] => {
  const { gaps, previous: _previous, earlier, lanes, ...rest } = ledger;
  const { reading, prealert } = lanes;
  return [
    jsonChange(LEDGER_KEY, {
      ...rest,
      earlier: earlier.map(({ epoch, lastSeq }) => ({ epoch, lastSeq: { ...lastSeq, gap: 0 } })),
      // 0.1.0 deletes later than it counts, `cleared` says how far it is.
      lanes: {
        reading: { ...reading, cleared: reading.head },
        prealert: { ...prealert, cleared: prealert.head },
        gap: { ...emptyLane(ledger.epoch), cleared: { epoch: ledger.epoch, seq: 1 } },
      },
      untold: null,
    }),
    jsonChange(MORE_KEY, {
      gaps,
      previous: Object.fromEntries([...earlier, ledger].map(({ epoch, previous }) => [epoch, previous])),
    }),
  ];
};

/** Release 0.1.0 kept gaps as records of a lane; `untold` is the oldest reading that one of them names. */
const LEGACY_GAPS = laneRange('gap');
const countSchema = z.object({ count: z.int() });
const legacySchema = z.object({
  untold: z.object({ epoch: z.string(), seq: z.int() }).nullable(),
  lanes: z.object({ gap: z.object({ accepted: countSchema, removed: countSchema }) }),
});

/** Where one of them is damaged, all readings that it may have named are a gap. */
const legacyGaps = (
  entries: readonly (readonly [key: string, value: string])[],
  stored: unknown,
  ledger: Ledger,
): readonly Gap[] => {
  const { untold = null, lanes } = legacySchema.safeParse(stored).data ?? {};
  const waiting = lanes === undefined ? 0 : lanes.gap.accepted.count - lanes.gap.removed.count;
  const intact = entries.flatMap(([key, value]) => {
    const record = decodeRecord(key, value);
    return record?.kind === 'accepted' ? (gapSchema.safeParse(parseBody(record.json)).data ?? []) : [];
  });
  if (untold === null || intact.length >= waiting) return intact;
  const named = stretchesOf(ledger, 'reading', { from: untold, until: ledger.lanes.reading.head });
  const lost = named.map<Gap>(({ epoch, from, to }) => ({
    epoch: epochOf(epoch),
    fromseq: from,
    toseq: to,
    count: to - from + 1,
    reason: 'damaged',
    from: null,
    to: null,
    previous: null,
  }));
  return [...intact, ...lost];
};

const readJson = async (store: Pick<Store, 'get'>, key: string): Promise<unknown> => {
  const value = await store.get(key);
  const text = value === undefined ? undefined : verifyChecksum(key, value);
  return typeof text === 'string' ? JSON.parse(text) : text;
};

type StoredLedger = {
  /** `null` when it is missing, damaged, or of a release that keeps it in another form. */
  readonly ledger: Ledger | null;
  /** To be written with the next ledger, which holds what these entries say. */
  readonly leftovers: readonly StoreChange[];
};

export const readStoredLedger = async (store: Pick<Store, 'get' | 'entries'>): Promise<StoredLedger> => {
  const stored = await readJson(store, LEDGER_KEY);
  const found = await readJson(store, MORE_KEY);
  const more = found === undefined ? { gaps: [], previous: {} } : moreSchema.safeParse(found).data;
  const ledger = ledgerSchema.safeParse(stored).data;
  if (ledger === undefined || more === undefined) return { ledger: null, leftovers: [] };
  const previousOf = (epoch: string) => more.previous[epoch] ?? null;
  const legacy = await store.entries(LEGACY_GAPS);
  return {
    ledger: {
      ...ledger,
      gaps: [...legacyGaps(legacy, stored, ledger), ...more.gaps],
      previous: previousOf(ledger.epoch),
      earlier: ledger.earlier.map((each) => ({ ...each, previous: previousOf(each.epoch) })),
    },
    leftovers: legacy.map(([key]) => ({ key, value: null })),
  };
};

const MARK_NAME = 'ledger';

export const encodeLedger = (ledger: Ledger): string => addChecksum(MARK_NAME, JSON.stringify(ledger));

/** `null` when it is damaged, or of a release that keeps it in another form. */
export const decodeLedger = (value: string): Ledger | null => {
  const text = verifyChecksum(MARK_NAME, value);
  return text === null ? null : (ledgerSchema.safeParse(JSON.parse(text)).data ?? null);
};

/**
 * A copy of the ledger outside the store. LevelDB takes a log that was cut short for a crash and goes back in time
 * without a word: readings that were stored would be missing, and nothing would know of them. Written after each
 * commit and never flushed, the mark may be behind the store and never ahead of it: a store behind its mark has lost
 * something. It gives the ledger, too, where that is damaged or the whole store is gone.
 */
export type LedgerMark = {
  /** `null` when there is none, or none that can be read. */
  read(): Ledger | null;
  note(ledger: Ledger): void;
  close(): void;
};

export const noMark: LedgerMark = { read: () => null, note: () => undefined, close: () => undefined };

const attempt = <Value>(action: () => Value): Value | null => {
  try {
    return action();
  } catch {
    return null;
  }
};

/** A mark in the first line of a file. It only ever warns, so that whatever is wrong with it is passed over. */
export const openLedgerMark = (path: string): LedgerMark => {
  let descriptor: number | null = null;
  return {
    read: () => attempt(() => decodeLedger(readFileSync(path, 'utf8').split('\n', 1)[0] ?? '')),
    note: (ledger) => {
      descriptor ??= attempt(() => openSync(path, 'r+')) ?? attempt(() => openSync(path, 'w'));
      const file = descriptor;
      if (file !== null) attempt(() => writeSync(file, `${encodeLedger(ledger)}\n`, 0));
    },
    close: () => {
      if (descriptor !== null) closeSync(descriptor);
      descriptor = null;
    },
  };
};
