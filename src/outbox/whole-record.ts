import type { KeyRange, Store } from '../store/store.ts';
import { type Place, placeOfKey } from './place.ts';
import { decodeRecord, recordBytes } from './stored-record.ts';

const CHUNK = 100;

export type WholeRecord = {
  readonly place: Place;
  readonly bytes: number;
  readonly acceptedBytes: number;
};

export type FoundRecord = {
  readonly record: WholeRecord | null;
  /** Damaged entries that were passed on the way to it. */
  readonly passed: number;
};

const wholeRecord = (key: string, value: string): WholeRecord | null => {
  const place = placeOfKey(key);
  const record = decodeRecord(key, value);
  if (place === null || record?.kind !== 'accepted') return null;
  return { place, bytes: recordBytes(record.json), acceptedBytes: record.acceptedBytes };
};

/** The first undamaged record of a range, or with `reverse` the last one. */
export const findWhole = async (store: Store, range: KeyRange, reverse: boolean): Promise<FoundRecord> => {
  let { from, until } = range;
  let passed = 0;
  for (;;) {
    // One is nearly always enough.
    const entries = await store.entries({ from, until }, { limit: passed === 0 ? 1 : CHUNK, reverse });
    for (const [key, value] of entries) {
      const record = wholeRecord(key, value);
      if (record !== null) return { record, passed };
      passed += 1;
      if (reverse) until = key;
      else from = `${key}\u0000`;
    }
    if (entries.length === 0) return { record: null, passed };
  }
};
